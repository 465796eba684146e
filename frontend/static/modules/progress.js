// Keeps a page about something that is under way fresh without reloading it. Without this script the page reloads itself.

const LONGEST_PAUSE = 15_000;

const progress = document.getElementById("progress");
let pause = 1_500;
let timer;

// Where there is an address of news, the server tells what happens as it happens. A broken connection is made anew by the browser, with the last id it heard.
function listen() {
  const wanted = new URLSearchParams(location.search);
  wanted.set("known", progress.dataset.version);
  const news = new EventSource(`${progress.dataset.news}?${wanted}`);
  news.addEventListener("progress", async ({ data }) => {
    const { version, under_way } = JSON.parse(data);
    if (!under_way) news.close();
    if (version === progress.dataset.version || (await redraw())) return;
    // Told, but not able to fetch the page: the server will not tell the same again, so ask.
    news.close();
    lookIn(pause);
  });
  news.addEventListener("error", () => {
    // Refused for good, for instance because too many listen: then ask now and then.
    if (news.readyState === EventSource.CLOSED) lookIn(pause);
  });
}

function lookIn(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(look, milliseconds);
}

async function look() {
  timer = undefined;
  if (await isSettled()) return;
  pause = Math.min(pause * 1.2, LONGEST_PAUSE);
  lookIn(pause);
}

// True when the page shows the last that there will be to say.
async function isSettled() {
  try {
    const address = progress.dataset.status + location.search;
    const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!answer.ok) return false;
    const { version, under_way } = await answer.json();
    if (version !== progress.dataset.version) {
      if (!(await redraw())) return false;
      pause = 1_500;
    }
    return !under_way;
  } catch {
    // Offline: what the page says was true when it was written.
    return false;
  }
}

// False when the page could not be fetched: the version stays the old one.
async function redraw() {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("progress");
    progress.replaceChildren(...fresh.childNodes);
    progress.dataset.version = fresh.dataset.version;
    document.title = page.title;
    return true;
  } catch {
    return false;
  }
}

addEventListener("online", () => {
  if (timer !== undefined) lookIn(0);
});

if (progress.dataset.news) listen();
else lookIn(pause);
