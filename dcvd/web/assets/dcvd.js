// What pages do in a browser beyond htmx. Without it they can still be read.
"use strict";

// htmx puts the server's HTML into the page as strings. The server escapes them, and scripts are refused by the policy
// of the page; this policy lets strings become HTML, and nothing lets them become scripts.
if (window.trustedTypes && trustedTypes.createPolicy) {
  trustedTypes.createPolicy("default", { createHTML: (text) => text });
}

const POLL_MS = 15000;
const COPIED_MS = 2000;
let copied = "";  // the id of the button whose value was copied just now

function showLocalTimes(root) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const each of root.querySelectorAll("time[data-local]")) {
    const at = new Date(each.dateTime);
    if (!Number.isNaN(at.getTime())) each.textContent = format.format(at);
  }
}

// The part of the page that holds the button may be replaced at any moment.
function showCopied() {
  const button = document.getElementById(copied);
  if (!button || button.textContent === button.dataset.done) return;
  const before = button.textContent;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = before; }, COPIED_MS);
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    const area = document.createElement("textarea");
    area.value = button.dataset.copy;
    area.setAttribute("readonly", "");
    area.className = "skip";
    document.body.append(area);
    area.select();
    const isDone = document.execCommand("copy");
    area.remove();
    button.focus();
    if (!isDone) return;
  }
  copied = button.id;
  showCopied();
  setTimeout(() => { copied = ""; }, COPIED_MS);
}

function followLive(element) {
  let polling = 0;
  const refresh = () => element.dispatchEvent(new CustomEvent("changed"));
  const poll = () => {
    if (polling) return;
    polling = setInterval(refresh, POLL_MS);
    // The stream may have ended because the right to it did, which the page then says.
    refresh();
  };
  if (!window.EventSource) { poll(); return; }
  const source = new EventSource(element.dataset.live);
  source.onopen = () => {
    if (polling) { clearInterval(polling); polling = 0; }
    // What happened while there was no stream is seen now: since the page was made, or while it was broken.
    refresh();
  };
  source.onerror = poll;
  source.addEventListener("changed", refresh);
}

// Of a page of pieces ([data-rows]) only those that changed are replaced, by their ids: what is chosen, what has the
// focus and how far somebody has scrolled stays. Children of a [data-list] come and go; other pieces ([data-row]) stay.
const FOCUSABLE = "a[href],button,input,select,summary,textarea";
const served = new WeakMap();

function rememberServed(root) {
  for (const each of root.querySelectorAll("[data-rows] [data-row]")) {
    if (!served.has(each)) served.set(each, each.outerHTML);
  }
}

function renewPiece(old, fresh) {
  const html = fresh.outerHTML;
  if (served.get(old) === html) return old;
  const boxes = (root) => [...root.querySelectorAll("input[type=checkbox]")];
  const chosen = new Map(boxes(old).map((box) => [box.name + box.value, box.checked]));
  const opened = [...old.querySelectorAll("details")].map((each) => each.open);
  const focus = [...old.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  old.replaceWith(fresh);
  served.set(fresh, html);
  for (const box of boxes(fresh)) box.checked = chosen.get(box.name + box.value) ?? box.checked;
  [...fresh.querySelectorAll("details")].forEach((each, at) => { each.open = opened[at] ?? each.open; });
  showLocalTimes(fresh);
  if (focus >= 0) fresh.querySelectorAll(FOCUSABLE)[focus]?.focus({ preventScroll: true });
  return fresh;
}

// Whether the pieces are the same, or those of a list: otherwise the whole is replaced.
function mergePieces(target, html) {
  const page = new DOMParser().parseFromString(html, "text/html").body;
  const find = (root, id) => root.querySelector(`#${CSS.escape(id)}`);
  const outside = (root) => [...root.querySelectorAll("[data-row]")].filter((each) => !each.closest("[data-list]"));
  const list = target.querySelector("[data-list]"), next = page.querySelector("[data-list]");
  const ids = (root) => outside(root).map((each) => each.id).join(" ");
  if (!list !== !next || ids(target) !== ids(page)) return false;
  for (const each of outside(page)) renewPiece(find(target, each.id), document.adoptNode(each));
  if (!list) return true;
  for (const each of [...list.children]) if (!find(next, each.id)) each.remove();
  let place = list.firstElementChild;
  for (const each of [...next.children]) {
    const old = find(list, each.id);
    if (!old) {
      const html = each.outerHTML;
      list.insertBefore(document.adoptNode(each), place);
      served.set(each, html);
      showLocalTimes(each);
      continue;
    }
    if (old !== place) list.insertBefore(old, place);
    place = renewPiece(old, document.adoptNode(each)).nextElementSibling;
  }
  return true;
}

document.addEventListener("change", ({ target }) => {
  if (target.dataset.chooseAll === undefined) return;
  for (const box of document.querySelectorAll("input[type=checkbox]")) {
    if (box.name === target.dataset.chooseAll) box.checked = target.checked;
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.copy !== undefined) copy(button);
  if (button.dataset.print !== undefined) window.print();
});

// What is as it was stays: whoever reads, selects or hears the page is not disturbed. What ends the page, such as a link
// that was revoked, stands in its place.
const shown = new WeakMap();
function isShown(target, html) {
  if (shown.has(target)) return shown.get(target) === html;
  const wanted = document.createElement("template");
  wanted.innerHTML = html;
  showLocalTimes(wanted.content);
  return wanted.innerHTML.trim() === target.innerHTML.trim();
}
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.dataset.live && isShown(detail.target, detail.serverResponse)) {
    detail.shouldSwap = false;
    return;
  }
  if (detail.target.dataset.live) shown.set(detail.target, detail.serverResponse);
  const isOfPieces = detail.target.dataset.rows !== undefined && detail.xhr.status === 200;
  if (isOfPieces && mergePieces(detail.target, detail.serverResponse)) {
    showCopied();
    detail.shouldSwap = false;
    return;
  }
  if (detail.xhr.status !== 404 || !detail.target.dataset.live) return;
  detail.shouldSwap = true;
  detail.isError = false;
  detail.target = document.getElementById("content");
});

// What a page asks by itself is no use of its session, which ends where nobody uses it.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt.dataset.live) detail.headers["X-Unattended"] = "true";
});

// What somebody has unfolded stays unfolded when its part of the page is shown anew.
let unfolded = [];
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  unfolded = [...detail.target.querySelectorAll("details[id][open]")].map((each) => each.id);
});

document.addEventListener("htmx:afterSwap", (event) => {
  rememberServed(document);
  for (const id of unfolded) {
    const details = document.getElementById(id);
    if (details) details.open = true;
  }
  showLocalTimes(event.target);
  showCopied();
  if (event.target.hidden && event.target.childElementCount) event.target.hidden = false;
});

// The policy of pages lets no form be answered with another site, so its answer is a page with a link that is followed.
// That page stands in no history: "back" leads to the button. Whoever reloads it is not led away from it again.
function leadAway(link) {
  const [navigation] = performance.getEntriesByType("navigation");
  const isNew = navigation && navigation.type === "navigate";
  if (isNew && ["https:", "http:"].includes(link.protocol)) location.replace(link.href);
  else link.focus();
}

document.addEventListener("DOMContentLoaded", () => {
  rememberServed(document);
  for (const each of document.querySelectorAll("[data-choose-all]")) each.hidden = false;
  showLocalTimes(document);
  for (const each of document.querySelectorAll("[data-live]")) followLive(each);
  const away = document.querySelector("a[data-follow]");
  if (away) leadAway(away);
});
