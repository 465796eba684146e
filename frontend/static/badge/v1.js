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

// A tab that was hidden shows nothing old when it is looked at again.
const shown = new Set();
const renew = () => {
  if (document.visibilityState === "visible") for (const badge of shown) badge.renew();
};
setInterval(renew, 10_000);
document.addEventListener("visibilitychange", renew);

class AshiatoBadge extends HTMLElement {
  static observedAttributes = ["product", "certificate", "layout", "theme", "lang", "market"];

  #shadow = this.attachShadow({ mode: "open" });
  #slot = document.createElement("slot");
  #drawnAt = 0;
  #turn = 0;

  constructor() {
    super();
    this.#shadow.adoptedStyleSheets = [sheet];
    this.#shadow.append(this.#slot);
  }

  connectedCallback() {
    near.observe(this);
  }

  disconnectedCallback() {
    near.unobserve(this);
    shown.delete(this);
  }

  attributeChangedCallback() {
    if (shown.has(this)) this.#draw("default");
  }

  /** Draw it now; from then on it keeps itself up to date. */
  show() {
    if (shown.has(this)) return;
    shown.add(this);
    this.#draw("default");
  }

  /** Draw it again if it may have turned. */
  renew() {
    if (Date.now() - this.#drawnAt > AGAIN_AFTER_MS) this.#draw("no-cache");
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
    this.#drawnAt = Date.now();
    const place = this.#place;
    if (!place) return this.#shadow.replaceChildren(this.#slot);
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
    if (turn !== this.#turn) return;
    // what cannot be asked is not known: an old badge does not stay
    if (!picture.naturalWidth) return this.#shadow.replaceChildren(this.#slot);
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
