// What pages do in a browser beyond htmx. Without it they can still be read.
"use strict";

// htmx puts the server's HTML into the page as strings. The server escapes them, and scripts are refused by the policy
// of the page; this policy lets strings become HTML, and nothing lets them become scripts.
if (window.trustedTypes && trustedTypes.createPolicy) {
  trustedTypes.createPolicy("default", { createHTML: (text) => text });
}

const POLL_MS = 15000;

function showLocalTimes(root) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const each of root.querySelectorAll("time[data-local]")) {
    const at = new Date(each.dateTime);
    if (!Number.isNaN(at.getTime())) each.textContent = format.format(at);
  }
}

async function copy(button) {
  const before = button.dataset.label || button.textContent;
  button.dataset.label = before;
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
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = before; }, 2000);
}

function followLive(element) {
  let polling = 0;
  const refresh = () => element.dispatchEvent(new CustomEvent("changed"));
  const poll = () => { if (!polling) polling = setInterval(refresh, POLL_MS); };
  if (!window.EventSource) { poll(); return; }
  const source = new EventSource(element.dataset.live);
  let wasOpen = false;
  source.onopen = () => {
    if (polling) { clearInterval(polling); polling = 0; }
    // What happened while the stream was broken is seen now.
    if (wasOpen) refresh();
    wasOpen = true;
  };
  source.onerror = poll;
  source.addEventListener("changed", refresh);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.copy !== undefined) copy(button);
  if (button.dataset.print !== undefined) window.print();
});

document.addEventListener("htmx:afterSwap", (event) => {
  showLocalTimes(event.target);
  if (event.target.hidden && event.target.childElementCount) event.target.hidden = false;
});

document.addEventListener("DOMContentLoaded", () => {
  showLocalTimes(document);
  for (const each of document.querySelectorAll("[data-live]")) followLive(each);
  const follow = document.querySelector("a[data-follow]");
  if (follow) follow.focus();
});
