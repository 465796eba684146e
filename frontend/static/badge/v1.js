// <ashiato-badge product="prd_…"> or <ashiato-badge certificate="…">: the live badge on any page (docs/badges.md).
//
// It loads its picture and the sentence that says the same, when it comes near the view, and again every five minutes. It sends
// no cookie and no referrer, keeps nothing and reads nothing of the page but its own attributes and language. What stands
// inside the tag is shown until the picture is there, and stays where it cannot be. No inline style and no HTML is written, so a
// strict content policy needs only this origin in script-src, img-src and (for the sentence) connect-src.
// This file never changes: a page may pin its hash. What has to change gets another number.

const ORIGIN = new URL(import.meta.url).origin;
const AGAIN_AFTER_MS = 301_000; // the answers are kept for 300 s
const SIZES = { line: [88, 31], strip: [240, 40], card: [320, 120], round: [160, 160] };
const NAMES = { ja: "Ashiato 足跡のバッジ：現在の状態を確かめる", en: "Ashiato badge: check its present state" };
const SHEET =
  ":host{display:inline-block;vertical-align:middle;max-width:100%}a{display:block}img{display:block;max-width:100%;height:auto}" +
  "a:focus-visible{outline:3px solid currentColor;outline-offset:2px}";

const sheet = new CSSStyleSheet();
sheet.replaceSync(SHEET);

const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) target.show();
  },
  { rootMargin: "300px" },
);

class AshiatoBadge extends HTMLElement {
  static observedAttributes = ["product", "certificate", "layout", "theme", "lang", "market"];

  #shadow = this.attachShadow({ mode: "open" });
  #timer = 0;
  #turn = 0;

  constructor() {
    super();
    this.#shadow.adoptedStyleSheets = [sheet];
    this.#shadow.append(document.createElement("slot"));
  }

  connectedCallback() {
    near.observe(this);
  }

  disconnectedCallback() {
    near.unobserve(this);
    this.#stop();
  }

  attributeChangedCallback() {
    if (!this.#timer) return; // not shown yet
    this.#stop();
    this.show();
  }

  /** Draw it now; once drawn, it keeps itself up to date. */
  show() {
    if (this.#timer || !this.#place) return;
    this.#timer = setInterval(() => document.visibilityState === "visible" && this.#draw("no-cache"), AGAIN_AFTER_MS);
    this.#draw("default");
  }

  #stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#turn += 1;
  }

  get #place() {
    for (const kind of ["product", "certificate"]) {
      const named = this.getAttribute(kind);
      if (named) return `${kind}s/${encodeURIComponent(named)}`;
    }
    return "";
  }

  get #language() {
    const spoken = this.closest("[lang]")?.lang ?? "";
    return spoken.toLowerCase().startsWith("ja") ? "ja" : "en";
  }

  async #draw(cache) {
    const turn = ++this.#turn;
    const place = this.#place;
    const lang = this.#language;
    const layout = this.getAttribute("layout") ?? "card";
    const asked = new URLSearchParams({ lang });
    if (this.getAttribute("market")) asked.set("market", this.getAttribute("market"));
    const facts = this.#ask(`${ORIGIN}/v1/${place}/badge?${asked}`, cache).then((answer) => answer?.json());
    asked.set("layout", layout);
    if (this.getAttribute("theme")) asked.set("theme", this.getAttribute("theme"));
    const address = `${ORIGIN}/v1/${place}/badge.svg?${asked}`;
    if (cache !== "default") await this.#ask(address, cache); // the picture below then finds the new one

    const picture = new Image(...(SIZES[layout] ?? []));
    picture.crossOrigin = "anonymous";
    picture.referrerPolicy = "no-referrer";
    picture.src = address;
    const settled = new Promise((done) => (picture.onload = picture.onerror = done));
    const [told] = await Promise.all([facts.catch(() => undefined), settled]);
    if (turn !== this.#turn || !picture.naturalWidth) return;
    picture.alt = told?.sentence ?? NAMES[lang];
    const link = document.createElement("a");
    link.href = told?.urls.page ?? `${ORIGIN}/badge/${place}?lang=${lang}`;
    link.referrerPolicy = "no-referrer";
    link.append(picture);
    this.#shadow.replaceChildren(link);
  }

  /** The answer if it is a good one. Where the page's policy forbids to ask, the picture speaks alone. */
  async #ask(address, cache) {
    try {
      const answer = await fetch(address, { cache, credentials: "omit", referrerPolicy: "no-referrer" });
      return answer.ok ? answer : undefined;
    } catch {
      return undefined;
    }
  }
}

if (!customElements.get("ashiato-badge")) customElements.define("ashiato-badge", AshiatoBadge);
