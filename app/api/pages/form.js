// Touchline shows a form, or takes over one of the page, and delivers what is entered, once: also
// over a bad line, to a busy server, from a page that closes.
((form) => {
const script = document.currentScript, config = script.dataset;
const url = new URL(form.token, script.src).href;
const json = JSON.stringify, { subtle } = crypto;

// Who: nothing is kept on the device before the visitor agrees.
let granted = config.consent === "granted";
const kept = (name, value) => {
	if (granted) try {
		const all = JSON.parse(localStorage.touchline || "{}");
		if (value) localStorage.touchline = json({ ...all, [name]: value });
		return all[name];
	} catch {} // it may refuse
};
const uuid = () => crypto.randomUUID?.() || URL.createObjectURL(new Blob()).slice(-36); // without https
const cookie = (id, seconds) => {
	document.cookie = `tl_visitor=${id};path=/;max-age=${seconds};samesite=lax;secure`;
};
const visitor = () => {
	if (!granted) return;
	const id = kept("visitor") || /tl_visitor=([\w-]{8,64})/.exec(document.cookie)?.[1] || uuid();
	kept("visitor", id);
	cookie(id, 3e7);
	return id;
};

// Whence: what brought the visitor, first and last.
const clicks = "gclid gbraid wbraid fbclid msclkid ttclid li_fat_id twclid dclid".split(" ");
const touch = { utm: {}, click_ids: {}, page_url: location.href, referrer: document.referrer || undefined };
let tagged;
for (const [name, value] of new URLSearchParams(location.search)) {
	if (name.startsWith("utm_")) tagged = touch.utm[name.slice(4)] = value;
	if (clicks.includes(name)) tagged = touch.click_ids[name] = value;
}
const whence = () => {
	const { utm, click_ids } = (!tagged && kept("last")) || touch;
	return { ...touch, utm, click_ids };
};
const agreed = () => {
	visitor();
	kept("first") || kept("first", { ...touch, at: new Date() });
	if (tagged) kept("last", touch);
	if (config.key && config.track === "pageviews") track("page_view");
};

// Delivery: it is kept on the device until the server has it.
const store = (method, value) => Promise.race([
	new Promise((done) => setTimeout(done, 1000)), // it may hang
	new Promise((done, fail) => {
		const request = indexedDB.open("touchline", 1);
		request.onerror = fail;
		request.onupgradeneeded = () => {
			if (method === "put") request.result.createObjectStore("unsent", { keyPath: "key" });
			else request.transaction.abort(); // looking makes none
		};
		request.onsuccess = () => {
			const change = request.result.transaction("unsent", "readwrite", { durability: "strict" });
			const found = change.objectStore("unsent")[method](value);
			change.oncomplete = () => done(found.result, request.result.close());
			change.onabort = fail;
		};
	}),
]).catch(() => {});
const unsent = new Map(), heard = new Map(), busy = new Set();
let tries = 0, timer;
const keep = (entry) => unsent.set(entry.key, entry) && store("put", entry);
const deliver = async (entry) => {
	const { key } = entry;
	if (busy.has(key)) return;
	if (entry.due > Date.now()) return tries++, heard.get(key)?.();
	busy.add(key);
	try {
		if (entry.solve && !entry.body.pow) {
			entry.body.pow = await solve(entry.url);
			await keep(entry);
		}
		const body = json(entry.body), headers = { "Content-Type": "application/json", "Idempotency-Key": key, ...entry.headers };
		const keepalive = new Blob([body]).size < 6e4; // browsers take no more
		const answer = await fetch(entry.url, { method: "POST", body, headers, keepalive, credentials: "omit", signal: AbortSignal.timeout?.(3e4) });
		if (answer.status >= 500 || [408, 409, 425, 429].includes(answer.status)) {
			entry.due = Date.now() + (answer.headers.get("Retry-After") * 1000 || 0);
			throw await keep(entry);
		}
		unsent.delete(key);
		tries = 0;
		await store("delete", key);
		heard.get(key)?.(answer);
	} catch {
		busy.delete(key);
		tries++;
		heard.get(key)?.();
	}
};
const flush = async () => {
	for (const entry of (await store("getAll")) || []) {
		if (Date.now() - entry.at > 26e8) store("delete", entry.key); // a month
		else busy.has(entry.key) || unsent.has(entry.key) || unsent.set(entry.key, entry);
	}
	await Promise.all([...unsent.values()].map(deliver));
	clearTimeout(timer);
	const pause = Math.min(2 ** tries, 300) * (500 + Math.random() * 500);
	if (unsent.size) timer = setTimeout(flush, pause);
};
const send = async (entry) => {
	entry.at = Date.now();
	keep(entry); // without waiting: the tab may end
	await deliver(entry);
	flush();
};
const track = (kind, payload) => granted && send({
	key: uuid(), url: new URL(`../v1/visitors/${visitor()}/touchpoints`, url).href,
	headers: { Authorization: "Bearer " + config.key },
	body: { touchpoints: [{ kind, payload, occurred_at: new Date(), ...whence() }] },
});
addEventListener("online", flush);
addEventListener("visibilitychange", () => document.hidden || flush());
addEventListener("pagehide", () => unsent.forEach(deliver));

// Proof of work, by ALTCHA: awaiting each try lets the page breathe.
const bytes = (hex) => hex.match(/../g).map((pair) => parseInt(pair, 16));
const solve = async (from) => {
	if (!subtle) return; // without https
	const answer = await fetch(from + "/challenge");
	if (!answer.ok) throw answer;
	const challenge = await answer.json();
	const { algorithm, cost: iterations, keyLength, keyPrefix, nonce, salt } = challenge.parameters;
	const [name, hash] = algorithm.split("/"), how = { name, hash, iterations, salt: new Uint8Array(bytes(salt)) };
	const word = new Uint8Array([...bytes(nonce), 0, 0, 0, 0]);
	for (let counter = 0; ; counter++) {
		new DataView(word.buffer).setUint32(16, counter);
		const base = await subtle.importKey("raw", word, name, false, ["deriveBits"]);
		const key = await subtle.deriveBits(how, base, keyLength * 8);
		const derivedKey = Array.from(new Uint8Array(key), (byte) => byte.toString(16).padStart(2, "0")).join("");
		if (derivedKey.startsWith(keyPrefix)) return btoa(json({ challenge, solution: { counter, derivedKey } }));
	}
};

// The form: one of the page, or ours.
const start = () => {
	let root = document.querySelector(config.form || `form[data-touchline=""],form[data-touchline="${form.token}"]`);
	if (!root) {
		const place = config.target ? document.querySelector(config.target) : document.createElement("div");
		place.innerHTML = form.html;
		if (!place.isConnected) script.closest("body") ? script.after(place) : document.body.append(place);
		root = place.querySelector("form");
	} else if (!root.elements[form.honeypot]) root.insertAdjacentHTML("beforeend", form.trap);
	if (!root) return; // it is closed, and says so
	root.dataset.touchline = "ready";
	const rendered_at = Date.now();

	const inputs = (name) => [...root.elements].filter((input) => input.name === name);
	const box = (name) => root.querySelector(`[data-field="${name}"]`) || inputs(name)[0]?.labels?.[0];
	const answers = () => {
		const fields = { __proto__: null }, consents = {}, data = new FormData(root);
		for (const [name, value] of data) {
			if (value.trim && !name.startsWith("tl_")) fields[name] = name in fields ? [].concat(fields[name], value) : value;
		}
		for (const { purpose } of form.consents) consents[purpose] = data.has("tl_consent_" + purpose);
		return { fields, consents };
	};
	const refresh = () => {
		for (const { name, progressive, show_when: only } of form.fields) {
			const hidden = (progressive && kept("known")?.includes(name)) ||
				(only && ![].concat(answers().fields[only.field] ?? "false").includes(only.equals));
			if (only || progressive) for (const node of [box(name), ...inputs(name)]) if (node) node.hidden = node.disabled = !!hidden;
		}
	};
	root.addEventListener("input", refresh);
	refresh();

	let entry, said, later;
	const say = (textContent, role, place = root) => {
		const line = document.createElement("p");
		place.append(Object.assign(line, { textContent, role, className: "tl-note", id: uuid(), tabIndex: -1 }));
		return line;
	};
	const answered = async (answer) => {
		root.inert = false;
		if (!answer) return later ||= !say(form.text.later, "status").focus();
		for (const line of root.querySelectorAll(".tl-note")) line.remove();
		const told = await answer.json().catch(() => ({}));
		if (answer.ok) {
			kept("known", [...new Set([].concat(kept("known") || [], Object.keys(entry.body.fields)))]);
			root.dispatchEvent(new CustomEvent("touchline:sent", { bubbles: true, detail: told }));
			if (told.redirect_url) return location.assign(told.redirect_url);
			root.replaceChildren();
			return say(told.message || form.text.sent, "status").focus();
		}
		said = later = 0; // mended it is another one
		let first = say(form.text.wrong, "alert");
		for (const { pointer = "", detail } of (told.errors || []).reverse()) {
			const [, part, name] = pointer.split("/");
			const input = inputs((part === "consents" ? "tl_consent_" : "") + name)[0];
			if (!input) continue;
			const { id } = say(detail, "alert", box(input.name) || root), help = "aria-describedby";
			input.setAttribute(help, id + " " + (input.getAttribute(help) || ""));
			input.ariaInvalid = true;
			first = input;
		}
		first.focus();
	};
	root.addEventListener("submit", (event) => {
		event.preventDefault();
		for (const input of root.elements) input.ariaInvalid = null;
		const content = answers(), now = json(content);
		if (now !== said) {
			const context = { ...whence(), visitor_id: visitor(), first_touch: kept("first"), rendered_at, submitted_at: new Date() };
			entry = { key: uuid(), url, solve: form.proof_of_work, body: { ...content, context } };
		}
		said = now;
		heard.set(entry.key, answered);
		root.inert = true;
		send(entry);
	});
};

const others = window.touchline;
window.touchline = {
	consent(yes) {
		others?.consent(yes);
		if ((granted = yes)) return agreed();
		cookie("", 0);
		try { delete localStorage.touchline; } catch {}
	},
	track: config.key ? track : others?.track,
};
if (granted) agreed();
flush();
document.readyState === "loading" ? addEventListener("DOMContentLoaded", start) : start();
})(FORM);
