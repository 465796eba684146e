// Keeps the progress of an order fresh without reloading the page. Without this script the page reloads itself.

const LONGEST_PAUSE = 15_000;

const progress = document.getElementById("progress");
let pause = 1_500;

async function look() {
  try {
    const address = progress.dataset.status + location.search;
    const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.ok) {
      const news = await answer.json();
      if (news.version !== progress.dataset.version) {
        await redraw();
        pause = 1_500;
      }
      if (!news.under_way) return;
    }
  } catch {
    // Offline: what the page says was true when it was written. Ask again, more slowly.
  }
  pause = Math.min(pause * 1.2, LONGEST_PAUSE);
  setTimeout(look, pause);
}

async function redraw() {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("progress");
  progress.replaceChildren(...fresh.childNodes);
  progress.dataset.version = fresh.dataset.version;
  document.title = page.title;
}

setTimeout(look, pause);
