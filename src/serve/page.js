"use strict";

const byId = id => document.getElementById(id);
const source = byId("source"), target = byId("target"), status = byId("status");
let health = { limits: { n_best: 1, sentences: 1 }, attention: false, source: "en", target: "de" };
let running = null; // the controller of the request under way
let timer = 0;
let chosen = 0; // the sentence whose attention is shown

function element(name, properties, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

function say(text, wrong = false) {
  status.textContent = text;
  status.classList.toggle("wrong", wrong);
}

// Lines are cut into sentences, which is what the model has learned to translate.
function sentencesOf(text) {
  const lines = text.split("\n").map(line => line.trim()).filter(line => line);
  if (!("Segmenter" in Intl))
    return lines;
  const segmenter = new Intl.Segmenter(health.source, { granularity: "sentence" });
  return lines.flatMap(line => [...segmenter.segment(line)].map(part => part.segment.trim()).filter(part => part));
}

// Which of the colours of text can be read on a cell of that weight.
function heatOf(weight) {
  return weight > 0.77 ? "hot" : weight > 0.58 ? "warm" : "";
}

function showAttention(alignment) {
  const table = byId("attention");
  const head = element("tr", {}, element("td", { className: "corner" }));
  for (const word of alignment.source)
    head.append(element("th", { scope: "col", textContent: word, lang: health.source }));
  const body = element("tbody");
  alignment.target.forEach((word, i) => {
    const row = element("tr", {}, element("th", { scope: "row", textContent: word, lang: health.target }));
    alignment.weights[i].forEach((weight, j) => {
      const percent = Math.round(100 * weight);
      const cell = element("td", { textContent: percent, className: heatOf(weight) });
      cell.style.setProperty("--weight", weight.toFixed(3));
      cell.dataset.column = j + 1;
      row.append(cell);
    });
    body.append(row);
  });
  table.replaceChildren(element("thead", {}, head), body);
}

// Marks the two words of the cell under the pointer.
function markWords(event) {
  const table = byId("attention");
  for (const word of table.querySelectorAll(".near"))
    word.classList.remove("near");
  const cell = event.type === "mouseover" && event.target.closest("tbody td");
  if (!cell)
    return;
  cell.parentNode.firstChild.classList.add("near");
  table.rows[0].cells[cell.dataset.column].classList.add("near");
}

function choose(translations, index) {
  chosen = index;
  const translation = translations[index];
  [...target.children].forEach((button, i) => button.setAttribute("aria-pressed", i === index));
  byId("details").hidden = false;
  byId("scroll").hidden = !translation.alignment;
  if (translation.alignment)
    showAttention(translation.alignment);
  byId("others").replaceChildren(...(translation.n_best || []).map(other =>
    element("li", {}, element("span", { textContent: other.translation + " ", lang: health.target }),
      element("small", { textContent: other.score.toFixed(3) }))));
}

function show(translations) {
  target.replaceChildren();
  translations.forEach((translation, i) => {
    const button = element("button", { type: "button", className: "sentence", textContent: translation.translation });
    button.addEventListener("click", () => choose(translations, i));
    target.append(button, " ");
  });
  choose(translations, Math.min(chosen, translations.length - 1));
}

async function translate() {
  const sentences = sentencesOf(source.value);
  clearTimeout(timer);
  if (running)
    running.abort();
  if (!sentences.length) {
    target.replaceChildren();
    byId("details").hidden = true;
    say("");
    return;
  }
  const mine = running = new AbortController();
  try {
    const answer = await fetch("translate", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        text: sentences, n_best: Math.min(5, health.limits.n_best), alignment: health.attention ? "weights" : "none"
      }),
      signal: mine.signal
    });
    const json = await answer.json();
    if (!answer.ok)
      throw new Error(json.error);
    show(json.translations);
    say(json.translations.some(t => t.truncated) ? "A sentence was too long; its end was left out." : "");
  } catch (error) {
    if (error.name !== "AbortError") // fetch has TypeErrors for whatever kept it from an answer
      say(error instanceof TypeError ? "The server does not answer." : error.message, true);
  } finally {
    if (running === mine)
      running = null;
  }
}

function nameLanguages() {
  const names = new Intl.DisplayNames(["en"], { type: "language" });
  byId("source-label").textContent = names.of(health.source);
  byId("target-label").textContent = names.of(health.target);
  source.lang = health.source;
  target.lang = health.target;
}

async function begin() {
  try {
    health = await (await fetch("health")).json();
    byId("model").textContent = health.model;
    nameLanguages();
  } catch (error) {
    say("The server does not answer.", true);
  }
  source.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(translate, 250);
  });
  byId("form").addEventListener("submit", event => event.preventDefault());
  byId("attention").addEventListener("mouseover", markWords);
  byId("attention").addEventListener("mouseout", markWords);
  if (source.value.trim())
    translate();
}

begin();
