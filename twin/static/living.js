// Every two seconds, while somebody looks: what moves on the page is fetched and put in its place.
"use strict";

const place = document.getElementById("living");
const status = document.getElementById("status");
const EVERY_MS = 2000;
let shown = "";

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(place.dataset.from, { headers: { Accept: "text/plain" } });
    if (answer.status === 401) return location.assign("/connexion");
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    if (text !== shown) place.innerHTML = shown = text;
    say("");
  } catch {
    say("Le jumeau ne répond plus : ce qui précède peut être dépassé. Nouvel essai en cours.");
  }
}

function say(words) {
  if (status.textContent !== words) status.textContent = words;
  place.classList.toggle("stale", words !== "");
}

async function forever() {
  await refresh();
  setTimeout(forever, EVERY_MS);
}

document.addEventListener("visibilitychange", refresh);
setTimeout(forever, EVERY_MS);
