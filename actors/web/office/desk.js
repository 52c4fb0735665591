// The desk's page: who has a token logs in, lets a door in, and looks at the past with its titles.

const WORDS = {
	"desk": ["Accueil", "Front desk"],
	"token": ["Jeton", "Token"],
	"login": ["Se connecter", "Log in"],
	"logout": ["Se déconnecter", "Log out"],
	"pair": ["Une porte affiche un code", "A door shows a code"],
	"how": ["Saisissez son code, puis comparez la clé affichée à la porte.", "Type its code, then compare the key that the door shows."],
	"code": ["Code", "Code"],
	"room": ["Salle", "Room"],
	"place": ["Où exactement (facultatif)", "Where exactly (if you like)"],
	"confirm": ["Associer", "Pair"],
	"past": ["Le passé, avec les intitulés", "The past, with titles"],
	"who": ["Vous êtes {name}.", "You are {name}."],
	"paired": ["Porte {key} associée à {room}. Une autre clé à l’écran ? Alors c’était une autre porte : révoquez-la.", "Door {key} is paired with {room}. Its screen shows another key? Then it was another door: revoke it."],
	"401": ["Ce jeton ne vaut pas ici.", "This token is not valid here."],
	"429": ["Trop d’essais : attendez une minute.", "Too many tries: wait a minute."],
	"unreachable": ["Le serveur ne répond pas.", "The server does not answer."],
	"unknown-room": ["Il n’y a pas de salle {room} ici.", "There is no room {room} here."],
	"not-allowed": ["Aucune porte n’affiche ce code : regardez de nouveau son écran.", "No door shows this code: look at its screen again."],
	"too-fast": ["Trop d’essais : attendez un peu.", "Too many tries: wait a little."],
	"gone": ["La liaison est coupée : rechargez la page.", "The connection is cut: load the page again."],
};
let chosen = navigator.language;
try { chosen = localStorage.getItem("language") ?? chosen; } catch { /* as the browser speaks */ } // what the board was set to
const language = chosen.startsWith("en") ? 1 : 0;
const find = (id) => document.getElementById(id);
const say = (word, values = {}) => WORDS[word][language].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const tell = (text) => { find("said").textContent = text; };

let socket = null;
let asked = {}; // what is to be paired

document.documentElement.lang = ["fr", "en"][language];
for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
document.title = say("desk");

function connect() {
	let inside = false;
	socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/ws`, "toctoc.v1");
	socket.onclose = () => {
		if (inside) tell(say("gone"));
		show(false);
	};
	socket.onmessage = ({ data }) => {
		const message = JSON.parse(data);
		switch (message.type) {
		case "challenge":
			return send({ type: "hello", role: "operator" }); // the cookie says who
		case "welcome":
			inside = true;
			find("school").textContent = message.school;
			find("who").textContent = say("who", { name: message.name });
			tell("");
			show(true);
			return listRooms();
		case "paired":
			find("pair").reset();
			return tell(say("paired", { key: message.kiosk.slice(0, 16).match(/.{4}/g).join(" "), room: message.room }));
		case "refused":
			if (inside) tell(message.code in WORDS ? say(message.code, asked) : message.reason);
		}
	};
}

function send(message) {
	socket.send(JSON.stringify(message));
}

function show(inside) {
	find("login").hidden = inside;
	find("inside").hidden = !inside;
	find("past").href = `/?at=${encodeURIComponent(`${new Date().toISOString().slice(0, 16)}Z`)}`;
}

async function listRooms() { // to choose from; whoever knows the room needs no list
	try {
		const { rooms } = await (await fetch("/rooms.json")).json();
		find("rooms").replaceChildren(...rooms.map(({ room, name }) => new Option(name, room)));
	} catch { /* it is typed */ }
}

find("login").onsubmit = async (event) => {
	event.preventDefault();
	const token = new FormData(event.target).get("token").trim();
	event.target.reset();
	// A header holds no other letters, and a token neither.
	try {
		const answer = await fetch("/login", { headers: { Authorization: `Bearer ${token.replace(/[^!-~]/g, "?")}` } });
		if (answer.ok) connect();
		else tell(answer.status in WORDS ? say(answer.status) : (await answer.text()).trim());
	} catch { tell(say("unreachable")); }
};

find("pair").onsubmit = (event) => {
	event.preventDefault();
	asked = Object.fromEntries([...new FormData(event.target)].map(([key, text]) => [key, text.trim()]));
	send({ type: "pair", id: 1, ...asked });
};

find("logout").onclick = async () => {
	await fetch("/logout");
	location.reload();
};

connect();
