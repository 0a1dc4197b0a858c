/* What the pages do when scripts run; without them every page is still whole, only without filters and search.
   Text of records enters the page as text only (textContent), never as markup. */
"use strict";

const root = new URL("..", document.currentScript.src);

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/* A document of the JSON API, which browsers read from a server only. */
const api = (address) => fetch(new URL(`api/v1/${address}`, root)).then((answer) => {
  if (!answer.ok) throw new Error(`${address} is not there`);
  return answer.json();
});

/* The rows of a long table that the page holds back as text, in a <noscript>: they come in small parts, so that neither the
   first sight nor a tap waits for thousands. Their markup is the page's own. */
window.zoodataHeld = (table) => {
  const holder = document.getElementById(`${table.id}-rest`), text = holder ? holder.textContent : "", body = table.tBodies[0];
  const left = text.slice(text.indexOf("<tbody>") + 7, text.indexOf("</tbody>")).split(/(?=<tr[ >])/).filter((row) => row.startsWith("<tr"));
  const add = (count) => {
    const parsed = new DOMParser().parseFromString(`<table><tbody>${left.splice(0, count).join("")}`, "text/html");
    body.append(...parsed.querySelectorAll("tr"));
  };
  let ready;
  const whole = new Promise((done) => { ready = done; });
  const step = () => {
    if (left.length) add(20);
    if (left.length) setTimeout(step); else ready();
  };
  setTimeout(step, 200);
  return { whole, now: () => left.length && add(left.length) };
};

/* What the style sheet lays out late follows part by part, so that a jump and a reader's tools find everything in its place. */
const late = [...document.querySelectorAll(".zd > .zd-scroll, .zd > .zd-figure")];
const layOut = () => {
  const part = late.shift();
  if (part) part.style.contentVisibility = "visible";
  if (late.length) requestAnimationFrame(() => setTimeout(layOut)); else document.documentElement.dataset.whole = "";
};
window.addEventListener("load", () => setTimeout(layOut, 100));

/* Light and dark */
for (const button of document.querySelectorAll("[data-zd-scheme]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const scheme = document.body.getAttribute("data-md-color-scheme") === "slate" ? "default" : "slate";
    document.body.setAttribute("data-md-color-scheme", scheme);
    try { localStorage.setItem("zoodata.scheme", scheme); } catch (refused) { /* lasts for this page only */ }
  });
}

/* Search, in the header of each page: architectures under every zoo's name, zoos, pages, findings. The index is a script,
   so that it loads from disk too. */
const zoodataSearch = {
  rows: null,
  waiting: [],
  take({ architectures, zoos, pages }) {
    this.zoos = zoos.map(([name, title]) => ({ name, title, words: [name, ...title.toLowerCase().split(/[\s-]+/), key(title)], key: key(title) }));
    this.pages = pages.map(([href, title, more]) => ({ href, title, key: key(title + (more || "")) }));
    this.rows = architectures.map(([id, title, own]) => {
      const names = [];
      for (const [zoo, each] of Object.entries(own)) for (const name of each) names.push([zoo, name, key(name)]);
      return { id, title, names, keys: [key(id), key(title)] };
    });
    for (const ready of this.waiting.splice(0)) ready();
  },
  load() {
    if (this.rows) return Promise.resolve();
    const done = new Promise((ready) => this.waiting.push(ready));
    if (!this.asked) document.head.append(make("script", { src: new URL("assets/search-index.js", root).href }));
    this.asked = true;
    return done;
  },
  /* What is asked for: a zoo, where a word is one's and others remain, and the rest as one name. */
  parse(text) {
    const all = text.toLowerCase().split(/[\s:,]+/).filter(Boolean), named = all.filter((word) => !ABOUT.has(word));
    const words = named.length ? named : all;
    const zoos = new Set(), rest = [];
    for (const word of words) {
      const named = words.length > 1 ? this.zoos.filter((zoo) => zoo.words.some((own) => own === word || (word.length > 3 && own.startsWith(word)))) : [];
      const architecture = this.rows.some((row) => row.keys.some((own) => own === key(word) || (word.length > 3 && own.startsWith(key(word)))));
      if (named.length && !architecture) named.forEach((zoo) => zoos.add(zoo.name)); else rest.push(word);
    }
    return { zoos, wanted: key(rest.join("")), words: rest.map(key).filter(Boolean) };
  },
  /* Architectures by how well a name fits: the name itself, its beginning, a part of it, all words in it; else nearly. */
  find(text) {
    const asked = this.parse(text), found = this.search(asked);
    return found.length || !asked.zoos.size ? found : this.search({ zoos: new Set(), wanted: key(text), words: text.split(/\s+/).map(key).filter(Boolean) });
  },
  search({ zoos, wanted, words }) {
    if (!wanted) return [];
    const by = (grade) => {
      const found = [];
      for (const row of this.rows) {
        let best = 9, name = null;
        if (!zoos.size) for (const own of row.keys) best = Math.min(best, grade(own));
        for (const [zoo, each, own] of row.names) {
          if (zoos.size && !zoos.has(zoo)) continue;
          const fits = grade(own);
          if (fits < best) { best = fits; name = `${zoo}:${each}`; }
        }
        if (best === 9 && zoos.size && row.keys.some((own) => grade(own) < 9) && row.names.some(([zoo]) => zoos.has(zoo))) best = 3;
        if (best < 9) found.push({ row, best, by: name });
      }
      return found.sort((a, b) => a.best - b.best || b.row.names.length - a.row.names.length || a.row.title.length - b.row.title.length);
    };
    const found = by((own) => fit(own, wanted, words));
    return found.length ? found : by((own) => nearly(own, wanted));
  },
  /* Everything that fits, as links. */
  all(text) {
    const wanted = key(text), said = text.toLowerCase().split(/[\s:,]+/).filter(Boolean);
    const others = wanted.length < 2 ? [] : [
      ...this.zoos.filter((zoo) => zoo.key.includes(wanted) || zoo.name === text.trim() || said.includes(zoo.name)).map((zoo) => ({ href: `zoos/${zoo.name}.html`, title: zoo.title, kind: "zoo" })),
      ...this.pages.filter((page) => page.key.includes(wanted) || said.every((word) => page.key.includes(key(word)))).map((page) => ({ href: page.href, title: page.title, kind: page.href.includes("#") ? "finding" : "page" })),
    ];
    /* Words that are about models, and name none, ask for pages. */
    const models = (said.every((word) => ABOUT.has(word)) && others.length ? [] : this.find(text)).map(({ row, best, by }) => ({ href: `architectures/${row.id}.html`, title: row.title, kind: by, best }));
    const own = others.findIndex((hit) => hit.href === `zoos/${text.trim()}.html`);
    if (own >= 0) return [...others.splice(own, 1), ...models];
    return models.some((hit) => hit.best < 2) ? [...models, ...others.slice(0, 4)] : [...others.slice(0, 4), ...models];
  },
};
window.zoodataSearch = zoodataSearch;

/* Words that ask for something of a model's or a zoo's page, and name neither. */
const ABOUT = new Set(["csv", "json", "api", "claims", "weights", "preprocessing", "release", "releases", "changes", "changed", "what", "time", "latency", "speed", "audit", "findings", "preprocess", "history", "licence", "license", "accuracy", "fastest", "fast", "best", "on", "cpu", "gpu", "nearest", "paper", "upgrade", "measurement", "measurements", "model", "models"]);

function key(name) {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function fit(own, wanted, words) {
  if (own === wanted) return 0;
  if (own.startsWith(wanted)) return 1;
  if (own.includes(wanted)) return 2;
  return words.length > 1 && words.every((word) => own.includes(word)) ? 3 : 9;
}

/* A slip or two: letters taken for digits, left out, doubled or swapped. */
function nearly(own, wanted) {
  const plain = (text) => text.replaceAll("o", "0").replaceAll("l", "1").replaceAll("i", "1");
  const allowed = wanted.length < 4 ? 0 : wanted.length < 9 ? 1 : 2;
  const [a, b] = [plain(wanted), plain(own.slice(0, wanted.length + allowed))];
  if (Math.abs(a.length - b.length) > allowed + 1) return 9;
  let before = Array.from({ length: b.length + 1 }, (_, n) => n), earlier = before;
  for (let i = 1; i <= a.length; i += 1) {
    const line = [i];
    for (let j = 1; j <= b.length; j += 1) {
      let least = Math.min(before[j] + 1, line[j - 1] + 1, before[j - 1] + (a[i - 1] !== b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, earlier[j - 2] + 1);
      line.push(least);
    }
    earlier = before;
    before = line;
  }
  /* What follows the name in a longer one is no slip. */
  const distance = Math.min(...before.slice(Math.max(0, a.length - allowed)));
  return distance <= allowed ? 4 + distance : 9;
}

const find = document.getElementById("zd-find");
if (find) {
  const hits = document.getElementById("zd-hits"), said = document.getElementById("zd-hits-count");
  const show = () => {
    const asked = find.value.trim(), found = asked ? zoodataSearch.all(asked) : [];
    hits.replaceChildren(...found.slice(0, 10).map((hit) => make("li", {},
      make("a", { href: new URL(hit.href, root).href }, hit.title, hit.kind ? make("small", {}, ` ${hit.kind}`) : null))));
    if (asked && !found.length) {
      hits.append(make("li", {}, "Nothing of this name. ", make("a", { href: new URL("architectures/index.html", root).href }, "All architectures"), " or ", make("a", { href: new URL("zoos/index.html", root).href }, "all zoos")));
    }
    hits.hidden = !asked;
    said.textContent = asked ? `${found.length} found` : "";
  };
  find.addEventListener("focus", () => zoodataSearch.load());
  find.addEventListener("input", () => zoodataSearch.load().then(show));
  find.form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { hits.hidden = true; find.focus(); }
    const links = [...hits.querySelectorAll("a")], at = links.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || hits.hidden) return;
    event.preventDefault();
    (links[at + step] || find).focus();
  });
  document.addEventListener("click", (event) => { if (!find.form.contains(event.target)) hits.hidden = true; });
  find.form.addEventListener("focusout", (event) => { if (event.relatedTarget && !find.form.contains(event.relatedTarget)) hits.hidden = true; });
  find.form.addEventListener("submit", (event) => {
    event.preventDefault();
    zoodataSearch.load().then(() => {
      const [first] = find.value.trim() ? zoodataSearch.all(find.value) : [];
      if (first) location.href = new URL(first.href, root).href;
      else show();
    });
  });
}

/* An architecture's claims as a table: made here from its JSON, so that no page stores them twice. A browser that opens
   the pages from disk may not read it, and gets no such link. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20\t]/;
const csvCell = (value) => {
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
for (const after of location.protocol === "file:" ? [] : document.querySelectorAll("[data-zd-csv]")) {
  const name = after.dataset.zdCsv, address = `architectures/${name}.json`;
  const link = make("a", { href: new URL(`api/v1/${address}`, root).href }, "CSV");
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const { claims } = await api(address).catch(() => { location.href = link.href; return {}; });
    if (!claims) return;
    const columns = Object.keys(claims[0]);
    const rows = [["architecture", ...columns], ...claims.map((claim) => [name, ...columns.map((column) => claim[column])])];
    const text = rows.map((row) => row.map(csvCell).join(",") + "\r\n").join("");
    const file = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    make("a", { href: file, download: `${name}-claims.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(file), 60000);
  });
  after.after(" (", link, ")");
}

/* A claim's command, whose words the style sheet adds, becomes text that can be marked and copied. */
for (const fold of document.querySelectorAll(".zd-claims")) {
  const whole = () => {
    if (!fold.open) return;
    for (const code of fold.querySelectorAll("td > code:not(.zd-whole)")) {
      code.prepend("zoodata claims show ");
      code.classList.add("zd-whole");
    }
  };
  fold.addEventListener("toggle", whole);
  whole(); // a page's only fold is open from the start
}

/* A button that copies a command. */
for (const code of document.querySelectorAll("pre > code, p > code")) {
  if (!/^(zoodata|pip|git|make|curl) /.test(code.textContent) || !navigator.clipboard) continue;
  const button = make("button", { type: "button", class: "zd-copy" }, "Copy");
  button.setAttribute("aria-label", `Copy: ${code.textContent.trim().slice(0, 60)}`);
  button.addEventListener("click", () => navigator.clipboard.writeText(code.textContent.trim()).then(() => {
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }));
  code.after(button);
}
