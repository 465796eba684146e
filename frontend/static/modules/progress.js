// Keeps a page about something that is under way fresh without reloading it. Without this script the page reloads itself.

const LONGEST_PAUSE = 15_000;

const progress = document.getElementById("progress");
let pause = 1_500;

// Where there is an address of news, the server tells what happens as it happens. A broken connection is made anew by the browser, with the last id it heard.
function listen() {
  const wanted = new URLSearchParams(location.search);
  wanted.set("known", progress.dataset.version);
  const news = new EventSource(`${progress.dataset.news}?${wanted}`);
  news.addEventListener("progress", async ({ data }) => {
    const { version, under_way } = JSON.parse(data);
    if (!under_way) news.close();
    if (version !== progress.dataset.version) await redraw();
  });
  news.addEventListener("error", () => {
    // Refused for good, for instance because too many listen: then ask now and then.
    if (news.readyState === EventSource.CLOSED) setTimeout(look, pause);
  });
}

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
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("progress");
    progress.replaceChildren(...fresh.childNodes);
    progress.dataset.version = fresh.dataset.version;
    document.title = page.title;
  } catch {
    // Offline: the version stays the old one, so the next news draws the page.
  }
}

if (progress.dataset.news) listen();
else setTimeout(look, pause);
