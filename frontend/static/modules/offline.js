// Says when there is no connection, and keeps a form from being sent then: the browser's own page about it would take the
// place of what was typed.

const strip = document.getElementById("offline");
const place = strip.querySelector("p");
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

addEventListener("offline", () => say(strip.dataset.lost.replace("{time}", clock.format(new Date()))));
addEventListener("online", () => say(""));
document.addEventListener("submit", holdBack, { capture: true });

function say(sentence) {
  place.textContent = sentence;
}

// Caught on the way down, so that nobody who listens to the form takes it for sent.
function holdBack(event) {
  if (navigator.onLine) return;
  event.preventDefault();
  event.stopPropagation();
  say(strip.dataset.unsent);
}
