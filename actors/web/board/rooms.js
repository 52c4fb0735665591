// What rooms show at an instant, in words: no page, no socket, no clock of its own.

import { LANGUAGES, WORDS } from "/words.js";

export const MINUTE = 60_000;
export const EQUIPMENT = ["whiteboard", "blackboard", "projector", "tv"];
const SIGNS = { free: "free", soon: "soon", in_use: "taken", occupied: "taken", booked: "booked" };
const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

export const told = { school: "toctoc", rules: null, notices: [], now: 0 }; // what holds for all rooms
export const rooms = new Map(); // key → {key, day, presence, plan}

export const at = (text) => (text == null ? null : Date.parse(text));

export function tell(message) { // take a room-day or room-presence
	if (!rooms.has(message.room)) rooms.set(message.room, { key: message.room, day: null, presence: {}, plan: [] });
	const room = rooms.get(message.room);
	if (message.type === "room-day") {
		room.day = message;
		for (const b of message.bookings) Object.assign(b, { start: at(b.start), end: at(b.end) });
	} else room.presence = message;
	room.plan = (message.plan ?? []).map((s) => ({ ...s, start: at(s.start), until: at(s.until) }));
}

export function known() { // by wing and number
	const by = (room) => room.day.info ?? { wing: "", number: 0 };
	return [...rooms.values()].filter((room) => room.day && !room.day.retired).sort((a, b) =>
		(by(a).wing ?? "").localeCompare(by(b).wing ?? "") || (by(a).number ?? 0) - (by(b).number ?? 0)
		|| a.key.localeCompare(b.key));
}

// -- words and hours

let language = 0;

export function choose(wanted) {
	language = Math.max(0, LANGUAGES.indexOf(wanted));
	document.documentElement.lang = LANGUAGES[language];
}

export const other = () => LANGUAGES[1 - language];
export const nameOfOther = () => WORDS.language[1 - language];

export function say(name, places = {}) { // numbers for an hour or a length are instants and milliseconds
	return WORDS[name][language].replace(/\{(\w+)\}/g, (_, place) => {
		const value = places[place];
		if (place === "hour") return hour(value);
		return place === "duration" ? duration(value) : value;
	});
}

const formats = new Map();

export function local(when) { // the clocks on the school's walls
	const zone = told.rules?.zone ?? "UTC";
	if (!formats.has(zone)) {
		formats.set(zone, new Intl.DateTimeFormat("en-CA", { timeZone: zone, hourCycle: "h23",
			year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }));
	}
	const part = {};
	for (const { type, value } of formats.get(zone).formatToParts(when)) part[type] = value;
	return { day: `${part.year}-${part.month}-${part.day}`, minutes: part.hour * 60 + +part.minute };
}

export function instant(day, minutes) { // in two steps, for the zone may shift in between
	const wanted = Date.parse(day) + minutes * MINUTE;
	let when = wanted;
	for (let step = 0; step < 2; step++) {
		const there = local(when);
		when += wanted - Date.parse(there.day) - there.minutes * MINUTE;
	}
	return when;
}

export const dayAfter = (day, days = 1) => new Date(Date.parse(day) + days * 1440 * MINUTE).toISOString().slice(0, 10);
const two = (number) => String(number).padStart(2, "0");

export function clock(when) {
	const { minutes } = local(when);
	return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

export function hour(when, today = local(told.now).day) { // one of another day has its name
	const { day, minutes } = local(when);
	if (minutes === 0 && day === dayAfter(today)) return say("midnight");
	const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
	const text = language ? `${hours}:${two(rest)}` : `${hours}\u00a0h${rest ? `\u00a0${two(rest)}` : ""}`;
	if (day === today) return text;
	return `${text} ${day === dayAfter(today) ? say("tomorrow").toLowerCase() : dayName(day)}`;
}

function duration(length) {
	const minutes = Math.floor(length / MINUTE);
	const hours = Math.floor(minutes / 60);
	if (hours >= 48) return say("days", { days: Math.floor(hours / 24) });
	if (hours === 0) return say("minutes", { minutes });
	return say(minutes % 60 ? "hours-minutes" : "hours", { hours, minutes: two(minutes % 60) });
}

export function dayName(day) {
	const form = { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" };
	return new Intl.DateTimeFormat(LANGUAGES[language], form).format(Date.parse(day));
}

export const peopleText = (count) => say(count === 1 ? "people.one" : "people", { count });

// -- one room

export const nameOf = (room) => room.day?.info?.name || room.key;

export function stretch(room, when) { // what the plan says of an instant; nothing behind its end
	const here = room.plan.findLast((s) => s.start <= when) ?? room.plan[0];
	return here && (here.until === null || when < here.until) ? here : null;
}

export function signOf(status) {
	if (status?.out_of_order) return "out-of-order";
	if (status?.closed) return "closed";
	return status?.released ? "released" : SIGNS[status?.name] ?? "unknown";
}

export const available = (s) => !s.closed && (s.name === "free" || s.name === "soon" || s.released);

function takenAt(room, when) { // when whoever takes it now has to go; null where nothing is known of that
	for (const { start, status } of room.plan) {
		if (start <= when || available(status)) continue;
		if (status.name === "unknown" && !status.closed) break; // it is our knowledge that ends
		return { end: start, closes: status.closed };
	}
	const next = room.day.bookings.filter((b) => b.start > when).map((b) => b.start);
	return next.length ? { end: Math.min(...next), closes: false } : null;
}

export function isFreeFor(room, when, length) {
	const here = stretch(room, when);
	if (!here || !available(here.status)) return false;
	const booking = here.status.released && room.day.bookings.find((b) => b.id === here.status.booking);
	const end = booking ? booking.end : takenAt(room, when)?.end ?? Infinity;
	return end - when >= length;
}

export function lines(room, when) { // until when, and what else is worth knowing: as the doors say it
	const here = stretch(room, when);
	if (!here) return [say("unknown.waiting"), ""];
	const { status } = here;
	const { day: { bookings, closure }, presence: { last, confirmed } } = room;
	const until = (moment) => (moment ? say("until", { hour: moment }) : "");
	if (status.out_of_order) return [until(at(closure?.until)) || say("until-further-notice"), closure?.reason ?? ""];
	if (status.closed) return [opens(room, when), ""];
	if (status.name === "free" || status.name === "soon") {
		const { end, closes } = takenAt(room, when) ?? {};
		if (!end || local(end - 1).day !== local(when).day) return [say("free.rest-of-day"), ""];
		if (closes) return [until(end), say("free.closes", { hour: end })];
		return [status.name === "soon" ? say("soon.booked", { hour: end }) : until(end), ""];
	}
	if (status.name === "unknown") {
		const read = readAt(room, when);
		return [read ? say("unknown.since", { hour: read }) : say("unknown.never"), ""];
	}
	const booking = bookings.find((b) => b.id === status.booking);
	const due = booking && !booking.all_day && !booking.unsure;
	if (status.name !== "booked" && !due) {
		return [until(at(last?.until)), last ? say("occupied.pressed", { hour: at(last.pressed_at) }) : ""];
	}
	if (booking?.all_day) return [say("booked.all-day"), ""];
	const pressed = at(confirmed?.[booking?.id]);
	let more = "";
	if (status.name === "in_use") more = pressed ? say("in-use.confirmed", { hour: pressed }) : "";
	else if (booking?.unsure) more = say("booked.unsure");
	else if (status.left_at) more = say("booked.left", { hour: at(status.left_at) });
	else if (!pressed) more = say("booked.nobody");
	return [until(booking?.end ?? here.until), more];
}

function opens(room, when) {
	const open = room.plan.find((s) => s.start > when && !s.status.closed);
	if (open) return say("closed.opens", { hour: open.start });
	for (let ahead = 1; ahead < 8; ahead++) {
		const day = dayAfter(local(when).day, ahead);
		const shut = (told.rules.closed ?? []).some((c) => c.first <= day && day <= c.last
			&& (!c.rooms?.length || c.rooms.includes(room.key)));
		const [from] = hoursOf(day);
		if (!shut && from !== null) return say("closed.opens", { hour: instant(day, from) });
	}
	return say("until-further-notice");
}

export function hoursOf(day) { // first opening and last closing in minutes; null where it stays closed
	const text = told.rules.hours?.[DAYS[new Date(day).getUTCDay()]] ?? "00:00-24:00";
	const times = [...text.matchAll(/(\d\d?):(\d\d)/g)].map((m) => m[1] * 60 + +m[2]);
	return times.length ? [Math.min(...times), Math.max(...times)] : [null, null];
}

export const readAt = (room, when) => at(room.day.readings[local(when).day]);

export function stale(room, when) {
	const read = readAt(room, when);
	return read === null || when - read > told.rules.policy.stale_after * MINUTE;
}

export function present(room, when) {
	const until = at(room.presence.last?.until);
	return until !== null && when < until;
}

export function people(room, when) {
	const { headcount = null, headcount_until: until } = room.presence;
	return until && when >= at(until) ? null : headcount;
}
