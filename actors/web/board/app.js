// The board: the rooms of a school, live. Nothing is loaded from elsewhere.

import { ask, awake, connect, link, now as serverNow, subscribe } from "/link.js";
import {
	EQUIPMENT, MINUTE, at, available, choose, clock, dayAfter, dayName, hour, hoursOf, instant, isFreeFor, known, lines,
	local, nameOf, nameOfOther, other, people, peopleText, present, readAt, rooms, say, signOf, stale, stretch, tell, told,
} from "/rooms.js";
import { WORDS } from "/words.js";

const SETTLE = 250; // ms after the last tap on + or −, and after the last move of the slider
const SHEET = 15_000; // ms for a sheet of the wall, where not all rooms fit on one
const [COLUMN, ROW] = [260, 44]; // px that a room on the wall wants at least

const find = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const wall = query.has("wall");

let past = null; // the instant looked at, where it is not now
let pastFailed = "";
let page = {};
let filters = {};
let answer = null; // the last answer to a search

const now = () => past ?? serverNow();

function stored(name, value) {
	try { // a browser that keeps nothing is no reason to fail
		if (value === undefined) return localStorage.getItem(name);
		localStorage.setItem(name, value);
	} catch { /* it forgets */ }
	return null;
}

// -- at the door

const door = { room: null, code: null, until: 0, problem: "" }; // what scanning a door's code brought
const counting = { room: null, count: 0, timer: 0, sent: 0 }; // what was tapped and is not yet told by the server
let quiet = 0;

async function unlock() {
	if (!door.code) return;
	try {
		door.until = at((await ask({ type: "unlock", room: door.room, code: door.code })).until);
		door.problem = "";
	} catch ({ code }) {
		if (!code) return; // the line broke: it is asked again when that is back
		Object.assign(door, { code: null, until: 0, problem: code === "too-fast" ? "door.wait" : "door.expired" });
	}
	render();
}

function count(room, by) {
	const shown = counting.room === room.key ? counting.count : people(room, now()) ?? 0;
	clearTimeout(counting.timer);
	const timer = setTimeout(() => sendCount(room.key), SETTLE);
	Object.assign(counting, { room: room.key, count: Math.max(0, shown + by), timer });
	render();
}

async function sendCount(room) {
	const mine = ++counting.sent;
	counting.timer = 0;
	await request({ type: "set-headcount", room, count: counting.count }, say("told.counted", { count: peopleText(counting.count) }));
	// Tapped again meanwhile: what is shown here is newer than what the server told.
	if (mine === counting.sent && !counting.timer) counting.room = null;
	render();
}

async function request(message, text) {
	let result = null;
	try { result = await ask(message); } catch { text = say("told.failed"); }
	find("told").textContent = text;
	clearTimeout(quiet);
	quiet = setTimeout(() => { find("told").textContent = ""; }, 6_000);
	return result;
}

// -- places

const pathOf = (key) => `/room/${encodeURIComponent(key)}`;

function readPlace() {
	const [, kind, name = ""] = location.pathname.split("/").map(decodeURIComponent);
	page = { room: kind === "room" ? name : "", wing: kind === "wing" ? name : "" };
	link.topic = page.room || page.wing ? `${kind}/${name}` : "school";
	const code = location.hash.slice(1);
	if (page.room && /^[0-9A-Za-z]{4,32}$/.test(code)) {
		Object.assign(door, { code, room: page.room, until: 0, problem: "" });
		// Whoever looks over the shoulder, shares the address or keeps it shall not have the code.
		history.replaceState(null, "", location.pathname + location.search);
		if (link.up) unlock();
	}
	const search = new URLSearchParams(location.search);
	filters = Object.fromEntries(["name", "free", "seats", "wing"].map((key) => [key, search.get(key) ?? ""]));
	filters.equipment = (search.get("equipment") ?? "").split(",").filter((key) => EQUIPMENT.includes(key));
}

function keepInAddress(values) {
	const search = new URLSearchParams(location.search);
	for (const [key, value] of Object.entries(values)) if (value.length) search.set(key, value); else search.delete(key);
	history.replaceState(null, "", `${location.pathname}?${search}`.replace(/\?$/, ""));
}

function arrive() {
	readPlace();
	if (past === null) subscribe();
	views.clear();
	render();
	find("main").focus({ preventScroll: true });
	scrollTo(0, 0);
}

function follow(event) { // links to our own pages do not load everything anew
	const a = event.target.closest?.("a[href^='/']");
	if (!a || event.ctrlKey || event.metaKey || event.shiftKey || a.pathname.endsWith(".ics")) return;
	event.preventDefault();
	history.pushState(null, "", a.pathname + (wall || past !== null ? location.search : ""));
	arrive();
}

// -- drawing

function h(tag, attributes, ...children) { // h("p.word", {id: "x"}, "text"): attributes may be left out
	const [name, style] = tag.split(".");
	const element = document.createElement(name);
	if (style) element.className = style;
	if (typeof attributes !== "object" || attributes === null || attributes instanceof Node) children.unshift(attributes);
	else {
		for (const [key, value] of Object.entries(attributes)) {
			if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
			else if (value !== false) element.setAttribute(key, value === true ? "" : value);
		}
	}
	element.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
	return element;
}

function shape(sign) {
	const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	svg.setAttribute("aria-hidden", "true");
	svg.setAttribute("class", "shape");
	svg.append(document.createElementNS(svg.namespaceURI, "use"));
	svg.firstChild.setAttribute("href", `#s-${sign}`);
	return svg;
}

const views = new Map(); // name → what it shows as text, and its element

function keep(name, shows, draw) { // only what changed is drawn again, so that focus and selection stay
	const text = JSON.stringify([document.documentElement.lang, shows]);
	if (views.get(name)?.[0] !== text) views.set(name, [text, draw()]);
	return views.get(name)[1];
}

const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };

function settle(parent, children) {
	const wanted = children.filter(Boolean);
	wanted.forEach((child, n) => { if (parent.childNodes[n] !== child) parent.insertBefore(child, parent.childNodes[n] ?? null); });
	while (parent.childNodes.length > wanted.length) parent.lastChild.remove();
}

let drawing = 0;
let boundary = 0;

function render() {
	clearTimeout(drawing);
	clearTimeout(boundary);
	drawing = 0;
	const when = told.now = now();
	const ready = told.rules !== null;
	const room = rooms.get(page.room);
	write(find("skip"), say("skip"));
	write(find("school"), told.school);
	write(find("clock"), ready ? clock(when) : "");
	write(find("language"), nameOfOther());
	find("language").lang = other();
	find("language").hidden = wall;
	document.body.classList.toggle("cut", !link.up && past === null);
	const cut = link.cutSince === null ? say("link.first") : say("link.cut", { hour: link.cutSince });
	write(find("link"), past !== null ? "" : !link.up ? cut : wall ? "" : say("link.up"));
	const place = page.room ? nameOf(room ?? { key: page.room }) : page.wing ? say("wing", page) : say("title");
	document.title = `${place} · ${told.school}`;
	if (!(ready && link.has) && past === null) return;
	const all = known().filter((one) => !page.wing || one.day.info?.wing === page.wing);
	settle(find("notices"), [noticesView(room, when), wall && !page.room && staleView(all, when)]);
	let content = [];
	if (page.room ? room?.day && !room.day.retired : all.length) {
		content = page.room ? roomView(room, when) : wall ? wallView(all, when) : listView(all, when);
	} else if (ready && link.cutSince === null && link.has) {
		const missing = page.room ? say("no-room", page) : page.wing ? say("no-wing", page) : say("none");
		content = [keep("missing", missing, () => h("section", h("h1", missing), backLink()))];
	}
	settle(find("main"), [past === null ? null : pastView(), ...content]);
	if (past === null) boundary = setTimeout(render, Math.max(20, nextChange(when) - when));
}

const soon = () => { drawing ||= setTimeout(render, 16); }; // many rooms may change at once

function nextChange(when) { // of a plan, or of the clock's minutes
	let next = Math.floor(when / MINUTE + 1) * MINUTE;
	for (const { plan, presence } of rooms.values()) {
		for (const moment of [plan.find((s) => s.start > when)?.start, at(presence.headcount_until)]) {
			if (moment > when && moment < next) next = moment;
		}
	}
	return next;
}

function noticesView(room, when) {
	const { wing = page.wing, type } = room?.day?.info ?? {};
	const mine = ["school", `wing/${wing}`, `type/${type}`, `room/${page.room}`];
	const all = link.topic === "school";
	const shown = past === null ? told.notices.filter((n) => (!n.until || when < at(n.until)) && (all || mine.includes(n.topic))) : [];
	return shown.length && keep("notices", shown, () => h("section", { "aria-label": say("notices") }, ...shown.map((n) =>
		h("p", all && n.topic !== "school" ? h("b", `${n.topic.split("/")[1]}\u00a0: `) : "", n.text))));
}

// The list of all rooms.

function listView(all, when) {
	const shown = all.filter((room) => matches(room, when));
	const wings = new Set(shown.map(wingOf));
	const title = page.wing ? say("wing", page) : say("title");
	return [
		keep("head", title, () => h("h1", title)),
		keep("filters", all.map((room) => [room.key, nameOf(room), wingOf(room)]), () => filterForm(all)),
		foundView(),
		staleView(all, when),
		shown.length ? null : keep("none", "", () => h("p.none", { role: "status" }, say("none"))),
		...[...wings].map((wing) => wingView(wing, shown.filter((room) => wingOf(room) === wing), all, when)),
	];
}

const wingOf = (room) => room.day.info?.wing ?? "";

function wingView(wing, of, all, when) {
	const there = all.filter((room) => wingOf(room) === wing);
	const free = there.filter((room) => available(stretch(room, when)?.status ?? { closed: true })).length;
	const title = wing ? say("wing", { wing }) : say("wing.none");
	const section = keep(`wing ${wing}`, "", () => h("section.wing", { "aria-label": title },
		h("h2", title, " ", h("small")), h("ul.rooms", { role: "list" })));
	write(section.querySelector("small"), say(free < 2 ? "count.one" : "count", { free, all: there.length }));
	settle(section.lastChild, of.map((room) => item(room, when)));
	return section;
}

function item(room, when) {
	const sign = signOf(stretch(room, when)?.status);
	const [line] = lines(room, when);
	const counted = people(room, when);
	const read = readAt(room, when);
	const old = read !== null && sign !== "unknown" && stale(room, when);
	const more = [counted === null ? "" : peopleText(counted), old ? say("stale.room", { hour: read }) : ""].filter(Boolean).join(", ");
	const name = nameOf(room);
	return keep(`item ${room.key}`, [sign, line, more, name], () => {
		const label = h("span.name", name);
		label.style.setProperty("--letters", name.length);
		return h("li", h("a", { href: pathOf(room.key), class: `room sign-${sign}${name.length > 9 ? " long" : ""}`, "data-room": room.key },
			h("span.mark", shape(sign)), label,
			h("span.state", h("b", say(`sign.${sign}`)), " ", h("span", line), more ? h("small", ` ${more}`) : "")));
	});
}

function matches(room, when) {
	const info = room.day.info ?? {};
	const { name, seats, wing, equipment, free } = filters;
	return `${nameOf(room)} ${room.key}`.toLowerCase().includes(name.trim().toLowerCase())
		&& (!wing || info.wing === wing) && (info.seats ?? 0) >= +seats
		&& equipment.every((key) => info[key] || (key === "projector" && info.tv))
		&& (!free || isFreeFor(room, when, free * MINUTE));
}

const field = (name, control) => h("label", h("span", say(name)), control);

function filterForm(all) {
	const changed = () => {
		const data = new FormData(form);
		for (const key of ["name", "free", "seats", "wing"]) filters[key] = data.get(key) ?? "";
		filters.equipment = data.getAll("equipment");
		keepInAddress(filters);
		render();
	};
	const select = (name, chosen, options) => h("select", { name }, ...options.map(([value, text = value]) =>
		h("option", { value, selected: value === chosen }, text)));
	const wings = [...new Set(all.map(wingOf))].filter(Boolean);
	const lengths = ["30", "60", "90", "120", "240"].map((n) => [n, say("filter.free.for", { duration: n * MINUTE })]);
	const near = select("near", stored("near"), all.map((room) => [room.key, nameOf(room)]));
	const form = h("form.filters", { role: "search", "aria-label": say("filters"), oninput: changed, onsubmit: (event) => { event.preventDefault(); search(near.value, +filters.free); } },
		past === null ? h("div.near", field("near", near), h("button", say("near.find"))) : "",
		h("details", { open: innerWidth > 900 || Object.values(filters).some((value) => value.length) }, h("summary", say("filters")), h("div",
			field("filter.name", h("input", { name: "name", type: "search", value: filters.name, autocomplete: "off" })),
			field("filter.free", select("free", filters.free, [["", say("filter.free.any")], ["0", say("filter.free.now")], ...lengths])),
			field("filter.seats", h("input", { name: "seats", type: "number", min: 0, value: filters.seats })),
			wings.length > 1 ? field("filter.wing", select("wing", filters.wing, [["", say("filter.wing.any")], ...wings.map((wing) => [wing])])) : "",
			h("fieldset", h("legend", say("filter.equipment")), ...EQUIPMENT.map((value) => h("label",
				h("input", { type: "checkbox", name: "equipment", value, checked: filters.equipment.includes(value) }), say(value)))))));
	return form;
}

function staleView(all, when) { // one warning for all, where it is true of most
	const old = all.filter((room) => stale(room, when));
	if (!old.length || old.length * 2 < all.length) return null;
	const newest = Math.max(...old.map((room) => readAt(room, when) ?? 0));
	const text = newest ? say("stale", { hour: newest }) : say("stale.never");
	return keep("stale", text, () => h("p.stale", text));
}

// The nearest free room.

async function search(origin, minutes) {
	stored("near", origin);
	const wish = { origin, ...(minutes && { minutes }), ...(+filters.seats && { seats: +filters.seats }) };
	for (const key of filters.equipment) wish[key === "tv" ? "projector" : key] = true;
	const found = await request({ type: "find", wish }, "");
	if (!found) return;
	({ answer } = found);
	render();
	find("found").focus();
}

function foundView() {
	if (!answer) return null;
	const { rooms: best = [], refused = [], wish } = answer;
	const entry = ({ room, name }, text) => h("li", h("a", { href: pathOf(room) }, name || room), ` ${text}`);
	const why = ({ why: reason, at: moment }) => {
		const text = say(`why.${reason}`, { hour: at(moment) });
		return !moment || reason.endsWith("-soon") ? text : say("why.until", { why: text, hour: at(moment) });
	};
	const how = (room) => [
		room.until ? say("found.until", { hour: at(room.until) }) : say("found.open"), room.seats && say("seats", { count: room.seats }),
		room.other_wing && say("found.other-wing"), room.released && say("found.released"),
	].filter(Boolean).join(", ");
	const origin = rooms.get(wish.origin);
	const close = () => { answer = null; render(); find("main").focus(); };
	return keep("found", answer, () => h("section.found", { id: "found", tabindex: -1, "aria-labelledby": "found-title" },
		h("h2", { id: "found-title" }, say("found", { room: origin ? nameOf(origin) : wish.origin })),
		best.length ? h("ol", ...best.slice(0, 5).map((room) => entry(room, how(room)))) : h("p", say("found.none")),
		refused.length ? h("details", { open: !best.length }, h("summary", say(best.length ? "found.nearer" : "found.because")),
			h("ul", ...refused.map((room) => entry(room, why(room))))) : "",
		h("button", { type: "button", onclick: close }, say("found.close"))));
}

// One room.

const backLink = () => h("p.back", h("a", { href: "/" }, say("back")));

function roomView(room, when) {
	const sign = signOf(stretch(room, when)?.status);
	const [line, more] = lines(room, when);
	const { seats, ...info } = room.day.info ?? {};
	const facts = [seats && say("seats", { count: seats }), ...EQUIPMENT.filter((key) => info[key]).map((key) => say(key))].filter(Boolean).join(", ");
	const name = nameOf(room);
	const read = readAt(room, when);
	const age = read === null ? say("stale.never") : when - read < MINUTE ? say("age.now") : say("age", { duration: when - read });
	const old = stale(room, when);
	const open = past === null && link.up && door.room === room.key && when < door.until;
	const counted = counting.room === room.key ? counting.count : people(room, when);
	const today = local(when).day;
	return [
		keep("back", "", backLink),
		keep("sign", [sign, line, more, name, facts], () => h("section", { class: `sign sign-${sign}`, "aria-labelledby": "room-title" },
			h("h1", { id: "room-title" }, name), shape(sign), h("p.word", say(`sign.${sign}`)), h("p.line", line),
			more ? h("p", more) : "", facts ? h("p.facts", facts) : "")),
		open ? doorView(room, present(room, when), counted) : null,
		!open && counted !== null ? keep("people", counted, () => h("p.people", peopleText(counted))) : null,
		!open && past === null ? scanView(room) : null,
		past === null ? keep("here", room.key, () => h("p", h("button", { type: "button", onclick: () => search(room.key, 60) }, say("near.here", { duration: 60 * MINUTE })))) : null,
		foundView(),
		dayView(room, today, when),
		dayView(room, dayAfter(today), when),
		keep("age", [age, old], () => h(old ? "p.stale" : "p.age", age)),
		past === null ? keep("ics", room.key, () => h("p", h("a", { href: `${pathOf(room.key)}.ics` }, say("calendar")))) : null,
	];
}

function scanView(room) {
	const problem = door.room === room.key ? door.problem : "";
	return keep("scan", problem, () => h(problem ? "p.stale" : "p.scan", { role: "status" }, say(problem || "door.scan")));
}

function doorView(room, here, counted) {
	const press = (intent) => h(`button.${intent}`, { type: "button", onclick: () => request({ type: "say-presence", room: room.key, intent }, say(`told.${intent}`)) }, say(`door.${intent}`));
	const tap = (name, by, sign) => h("button", { type: "button", "aria-label": say(name), onclick: () => count(room, by) }, sign);
	const section = keep("door", [room.key, door.until], () => h("section.door", { "aria-labelledby": "door-title" },
		h("h2", { id: "door-title" }, say("door.title")), h("p", say("door.until", { hour: door.until })),
		h("p.say", press("present"), press("leaving")),
		h("h3", { id: "people-title" }, say("people.title")),
		h("p.counter", { role: "group", "aria-labelledby": "people-title" }, tap("people.less", -1, "−"), h("output"), tap("people.more", 1, "+")),
		h("p.first", say("people.first"))));
	const [less, output, more] = section.querySelector(".counter").children;
	write(output, counted === null ? say("people.unknown") : peopleText(counted));
	less.disabled = !here || !counted;
	more.disabled = !here;
	section.lastChild.hidden = here;
	return section;
}

function dayView(room, day, when) {
	const [begin, end] = [instant(day, 0), instant(dayAfter(day), 0)];
	const bookings = room.day.bookings.filter((b) => b.end > begin && b.start < end);
	const { day: today, minutes } = local(when);
	const now = day === today;
	if (!now && !bookings.length) return null;
	const { confirmed = {}, last } = room.presence;
	const rows = bookings.map((b) => {
		const pressed = at(confirmed[b.id]);
		const due = !b.all_day && !b.unsure;
		const notes = [
			b.start <= when && when < b.end && say("running"), b.unsure && say("booked.unsure"),
			pressed ? say("in-use.confirmed", { hour: pressed }) : due && b.start <= when && say("booked.nobody"),
		].filter(Boolean).join(", ");
		const span = b.all_day ? say("booked.all-day") : `${hour(b.start, day)} – ${hour(b.end, day)}`;
		return [b.end <= when ? "li.over" : "li", span, b.title ?? say("booking"), notes];
	});
	return keep(`day ${now}`, [day, rows, now && minutes, last], () => h("section.day",
		h("h2", say(now ? "today" : "tomorrow"), h("small", ` ${dayName(day)}`)),
		bar(day, bookings, confirmed, last, begin, end, when),
		rows.length ? h("ul.bookings", { role: "list" }, ...rows.map(([tag, span, title, notes]) =>
			h(tag, h("b", span), " ", h("span", title), notes ? h("i", ` ${notes}`) : ""))) : h("p", say("nothing"))));
}

function bar(day, bookings, confirmed, last, begin, end, when) { // a picture of the list below it
	const minutes = (moment) => (moment <= begin ? 0 : moment >= end ? 1440 : local(moment).minutes);
	const [opens, closes] = hoursOf(day);
	const usual = opens === null || closes - opens === 1440;
	const timed = bookings.filter((b) => !b.all_day);
	const from = Math.floor(Math.min(usual ? 480 : opens, ...timed.map((b) => minutes(b.start))) / 60) * 60;
	const to = Math.ceil(Math.max(usual ? 1140 : closes, ...timed.map((b) => minutes(b.end))) / 60) * 60;
	const share = (minute) => ((Math.min(Math.max(minute, from), to) - from) / (to - from)) * 100;
	const block = (kind, start, stop, text = "") => {
		const element = h(`span.${kind}`, text);
		element.style.left = `${share(start)}%`;
		element.style.right = `${100 - share(stop)}%`;
		return element;
	};
	const blocks = bookings.map((b) => block(confirmed[b.id] ? "used" : b.end <= when ? "over" : "planned",
		b.all_day ? from : minutes(b.start), b.all_day ? to : minutes(b.end)));
	if (last?.until && at(last.until) > begin && at(last.pressed_at) < end) {
		blocks.push(block("used", minutes(at(last.pressed_at)), minutes(at(last.until))));
	}
	if (begin <= when && when < end) blocks.push(block("here", minutes(when), minutes(when)));
	const step = to - from > 720 ? 180 : 120;
	for (let mark = from; mark < to; mark += step) blocks.push(block("hour", mark, Math.min(to, mark + step), String(mark / 60)));
	return h("div.bar", { "aria-hidden": "true" }, ...blocks);
}

// The hall's big screen: the largest cards of which all fit, or else sheet by sheet.

let turning = 0;

function wallView(all, when) {
	const shown = all.filter((room) => matches(room, when));
	const [width, height] = [find("main").clientWidth, innerHeight - find("main").offsetTop - 8];
	const size = (columns, rows) => Math.min(height / rows, width / columns / 4.6, 110);
	const most = Math.max(1, Math.floor(width / COLUMN));
	let [columns, rows] = [most, Math.max(1, Math.floor(height / ROW))];
	for (let n = most; n > 0; n--) {
		const needed = Math.ceil(shown.length / n);
		if (height / needed >= ROW && size(n, needed) >= size(columns, rows)) [columns, rows] = [n, needed];
	}
	const sheets = Math.max(1, Math.ceil(shown.length / columns / rows));
	const first = (Math.floor(when / SHEET) % sheets) * columns * rows;
	const list = keep("wall", "", () => h("ul.wall", { role: "list" }));
	for (const [name, value] of Object.entries({ columns, rows, size: `${size(columns, rows)}px` })) list.style.setProperty(`--${name}`, value);
	list.style.height = `${height}px`;
	settle(list, shown.slice(first, first + columns * rows).map((room) => item(room, when)));
	clearTimeout(turning);
	if (sheets > 1) turning = setTimeout(render, SHEET - (when % SHEET) + 20);
	return [keep("head", "", () => h("h1.hidden", say("title"))), list];
}

// Any past instant.

let asking = 0;

function pastView() {
	const { day, minutes } = local(past);
	const section = keep("past", told.rules?.zone, () => { // anew once the school's zone is known
		const date = h("input", { type: "date", value: day });
		const slider = h("input", { type: "range", min: 0, max: 1435, step: 5, value: minutes });
		const moved = () => {
			if (!date.value) return;
			past = instant(date.value, +slider.value);
			clearTimeout(asking);
			asking = setTimeout(loadPast, SETTLE);
			render();
		};
		return h("section.past", { "aria-label": say("past.hour"), oninput: moved }, h("p", { role: "status" }), field("past.day", date),
			field("past.hour", slider), h("button", { type: "button", onclick: () => { location.href = location.pathname; } }, say("past.live")));
	});
	section.querySelector("[type=range]").setAttribute("aria-valuetext", clock(past));
	const asked = told.rules && say("past", { day: dayName(day), hour: past });
	write(section.firstChild, [asked, pastFailed && say(pastFailed)].filter(Boolean).join(". "));
	return section;
}

async function loadPast() {
	const wanted = past;
	const text = `${new Date(wanted).toISOString().slice(0, 16)}Z`;
	pastFailed = "";
	try {
		const response = await fetch(`/at.json?at=${text}`);
		if (response.status === 503 && wanted === past) asking = setTimeout(loadPast, 1_500);
		if (!response.ok) throw new Error(response.status === 404 ? "past.404" : "past.failed");
		const { school, rules, messages } = await response.json();
		if (wanted !== past) return; // the slider went on
		Object.assign(told, { school, rules });
		rooms.clear();
		messages.forEach(tell);
		link.has = true;
	} catch ({ message }) { pastFailed = message in WORDS ? message : "past.failed"; }
	keepInAddress({ at: text });
	render();
}

// -- life

choose(query.get("lang") ?? stored("language") ?? (navigator.language || "fr").slice(0, 2));
document.body.classList.toggle("wall-screen", wall);
readPlace();
find("language").addEventListener("click", () => {
	choose(other());
	stored("language", document.documentElement.lang);
	views.clear();
	render();
});
document.addEventListener("click", follow);
addEventListener("popstate", arrive);
addEventListener("hashchange", readPlace);
addEventListener("resize", () => { if (wall) render(); });
if (query.has("at")) {
	past = Date.parse(query.get("at")) || Date.now();
	loadPast();
} else {
	Object.assign(link, { changed: soon, welcomed: unlock });
	document.addEventListener("visibilitychange", () => { if (!document.hidden) { awake(); render(); } });
	addEventListener("online", awake);
	connect();
}
render();
