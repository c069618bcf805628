// Tells that a gate stands on the page, and that it came into view: by numbers alone, without a cookie. Where it is not
// there, nothing is counted. The form of the gate is told as well what led here.
const gate = document.querySelector("[data-seen]");
const isMail = new URLSearchParams(location.search).get("utm_medium") === "email";
let cameFrom = isMail ? "mail" : "direct";
try {
  if (!isMail && document.referrer) cameFrom = new URL(document.referrer).hostname;
} catch {} // a referrer that is no address

const tell = (step) => {
  const body = new URLSearchParams({ step, article: gate.dataset.article, came_from: cameFrom });
  fetch(gate.dataset.seen, { method: "POST", body, credentials: "omit", keepalive: true }).catch(() => {});
};

for (const field of document.querySelectorAll("[name=came_from]")) field.value ||= cameFrom;
if (gate) {
  tell("teaser_seen");
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    tell("gate_seen");
  }).observe(gate);
}
