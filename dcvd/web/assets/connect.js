// For other sites: shows the page on which a customer connects a domain, in a frame that grows with it.
//   <script src="https://dcv.example.net/connect.js" data-link="dcv_link_…"></script>
// data-target: a selector of the element for the frame, else it stands where the script does. data-lang: en or de.
// data-title: the frame's title, for screen readers. Events on the frame, which bubble up to the window:
//   dcvd:ready   the domain is connected; detail: {domain}
//   dcvd:error   it does not go on by itself; detail: {code, domain}; without a domain the page cannot be shown
(() => {
  "use strict";
  const WAIT_MS = 5000;
  const script = document.currentScript;
  const { link, target, lang, title } = script.dataset;
  const place = target ? document.querySelector(target) : null;
  if (!/^dcv_link_[0-9a-f]{32}$/.test(link || "")) throw new Error("connect.js: data-link is no link of dcvd.");
  if (target && !place) throw new Error(`connect.js: there is no element ${target}.`);

  const address = new URL(`connect/${link}`, script.src);
  address.searchParams.set("embed", location.origin);
  if (lang) address.searchParams.set("lang", lang);

  const frame = document.createElement("iframe");
  frame.src = address.href;
  frame.title = title || "Connect your domain";
  frame.allow = "clipboard-write";
  frame.referrerPolicy = "no-referrer";
  Object.assign(frame.style, { border: "0", display: "block", width: "100%", height: "20rem" });

  let isHeard = false;
  const tell = (type, detail) => frame.dispatchEvent(new CustomEvent(`dcvd:${type}`, { bubbles: true, detail }));

  window.addEventListener("message", ({ origin, source, data }) => {
    if (origin !== address.origin || source !== frame.contentWindow || !data || data.source !== "dcvd") return;
    isHeard = true;
    frame.style.display = "block";
    if (data.type === "height" && Number.isFinite(data.height)) frame.style.height = `${data.height}px`;
    if (data.type === "ready") tell("ready", { domain: data.domain });
    if (data.type === "error") tell("error", { code: data.code, domain: data.domain });
  });

  // A browser that may not show the page does not say so: an ended link, a site that is not in the list, no network.
  frame.addEventListener("load", () => setTimeout(() => {
    if (isHeard) return;
    frame.style.display = "none";
    tell("error", { code: "unavailable" });
  }, WAIT_MS), { once: true });

  if (place) place.append(frame);
  else script.after(frame);
})();
