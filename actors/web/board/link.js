// The live channel: it comes back by itself, and then asks only for what it missed.

import { at, rooms, tell, told } from "/rooms.js";

const CEILING = 2_500; // ms between two tries: whatever happens, within 3 s of the server's return we are back
const SILENCE = 30_000; // ms without a heartbeat after which the line counts as cut
const PATIENCE = 5_000; // ms for the server to answer

export const link = { up: false, cutSince: null, offset: 0, topic: "school", has: false, changed: null, welcomed: null };
export const now = () => Date.now() + link.offset;

let socket = null;
let tries = 0;
let heard = 0;
let timer = 0;
let lastId = 0;
let whole = null; // the rooms named so far in a whole snapshot
let has = null; // the topic that what we know was asked by
let epoch = null;
let seq = null;
const waiting = new Map(); // id → what settles the request

export function connect() {
	clearTimeout(timer);
	if (socket) return;
	const opened = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/ws`, "toctoc.v1");
	socket = opened;
	heard = Date.now();
	opened.onmessage = (event) => {
		if (socket !== opened) return;
		heard = Date.now();
		take(JSON.parse(event.data));
	};
	opened.onclose = () => lost(opened);
	setTimeout(() => { if (!link.up) lost(opened); }, PATIENCE); // a dead line may take minutes to say so
}

function lost(which) {
	if (socket !== which) return;
	which.onclose = null;
	which.close();
	socket = null;
	if (link.up) link.cutSince = now();
	link.up = false;
	for (const settle of [...waiting.values()]) settle(new Error("cut"));
	link.changed();
	retry();
}

function retry() {
	clearTimeout(timer);
	timer = setTimeout(probe, Math.random() * Math.min(CEILING, 500 * 2 ** tries++));
}

// Browsers make WebSockets wait that failed often (Chromium for up to 5 s), so a plain request finds out
// whether anybody is there. One that hangs, for its host is away, does not keep the next from asking.
function probe() {
	if (socket) return;
	retry();
	const patience = new AbortController();
	setTimeout(() => patience.abort(), PATIENCE);
	fetch("/healthz", { cache: "no-store", signal: patience.signal }).then(connect, () => {});
}

export function awake() { // a phone that was in a pocket does not know whether its line still lives
	if (!socket) probe();
	else if (link.up) ask({ type: "ping" }).catch((error) => { if (error.message === "late") lost(socket); });
}

const send = (message) => socket?.send(JSON.stringify(message));

export function ask(message) {
	return new Promise((resolve, reject) => {
		if (!link.up) throw new Error("cut");
		const id = ++lastId;
		const late = setTimeout(() => waiting.get(id)?.(new Error("late")), PATIENCE);
		waiting.set(id, (answer) => {
			clearTimeout(late);
			waiting.delete(id);
			if (answer instanceof Error) reject(answer); else resolve(answer);
		});
		send({ ...message, id });
	});
}

export function subscribe(again) { // to what is on the screen and no more: 2,000 phones look at one room each
	const more = has !== link.topic && has !== "school";
	if (!link.up || (!more && !again)) return;
	if (more) { has = link.topic; seq = null; link.has = false; }
	send({ type: "subscribe", topics: [has], ...(seq === null ? {} : { epoch, seq }) });
}

function take(message) {
	switch (message.type) {
		case "challenge": send({ type: "hello", role: "board", program: "board" }); return;
		case "welcome":
			Object.assign(told, { school: message.school, rules: message.rules });
			link.up = true;
			if (message.epoch !== epoch) seq = null;
			setTimeout(() => { if (link.up) tries = 0; }, 60_000);
			subscribe(true);
			link.welcomed();
			break;
		case "rules": told.rules = message.rules; break;
		case "notices": told.notices = message.notices ?? []; break;
		case "snapshot-begin":
			epoch = message.epoch;
			whole = message.whole === false ? null : new Set();
			return;
		case "snapshot-end":
			for (const key of whole ? rooms.keys() : []) if (!whole.has(key)) rooms.delete(key);
			whole = null;
			seq = message.seq;
			Object.assign(link, { has: true, cutSince: null });
			break;
		case "room-day": case "room-presence":
			whole?.add(message.room);
			tell(message);
			if (whole) return;
			break;
		case "timetables-read":
			for (const { key, day } of rooms.values()) if (day) day.readings = message.others?.[key] ?? message.readings;
			break;
		case "heartbeat":
			if (link.has) seq = message.seq;
			break;
		default:
			waiting.get(message.ref)?.(message.type === "refused" ? Object.assign(new Error(), message) : message);
			return;
	}
	if (message.server_time) link.offset = at(message.server_time) - Date.now();
	link.changed();
}

setInterval(() => { if (socket && Date.now() - heard > SILENCE) lost(socket); }, 5_000);
