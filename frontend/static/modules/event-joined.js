// Loads an attendee's page anew when something has changed. Without this script the page reloads itself.

const LONGEST_PAUSE = 15_000;

const joined = document.getElementById("joined");
let pause = 1_000;

async function look() {
  try {
    const answer = await fetch(joined.dataset.status, { cache: "no-store" });
    if (answer.ok && (await answer.json()).state !== joined.dataset.state) {
      location.reload();
      return;
    }
  } catch {
    // Offline: what the page says was true when it was written. Ask again, more slowly.
  }
  pause = Math.min(pause * 1.2, LONGEST_PAUSE);
  setTimeout(look, pause);
}

setTimeout(look, pause);
