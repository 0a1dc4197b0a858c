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

/* Light and dark */
for (const button of document.querySelectorAll("[data-zd-scheme]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const scheme = document.body.getAttribute("data-md-color-scheme") === "slate" ? "default" : "slate";
    document.body.setAttribute("data-md-color-scheme", scheme);
    try { localStorage.setItem("zoodata.scheme", scheme); } catch (refused) { /* lasts for this page only */ }
  });
}

/* Search: every architecture under every zoo's name. The index is a script, so that it loads from disk too. */
const zoodataSearch = {
  rows: null,
  waiting: [],
  take(rows) {
    this.rows = rows.map(([id, title, zoos]) => {
      const names = [];
      for (const [zoo, own] of Object.entries(zoos)) for (const name of own) names.push([`${zoo}:${name}`, key(name)]);
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
  /* Architectures by how well a name fits: the name itself, its beginning, a part of it. */
  find(text) {
    const wanted = key(text.includes(":") ? text.split(":").pop() : text);
    if (!wanted) return [];
    const found = [];
    for (const row of this.rows) {
      let best = 9, by = null;
      for (const own of row.keys) best = Math.min(best, fit(own, wanted));
      for (const [name, own] of row.names) {
        const grade = fit(own, wanted);
        if (grade < best) { best = grade; by = name; }
      }
      if (best < 9) found.push({ row, best, by });
    }
    return found.sort((a, b) => a.best - b.best || b.row.names.length - a.row.names.length);
  },
};
window.zoodataSearch = zoodataSearch;

function key(name) {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function fit(own, wanted) {
  if (own === wanted) return 0;
  if (own.startsWith(wanted)) return 1;
  return own.includes(wanted) ? 2 : 9;
}

const find = document.getElementById("zd-find");
if (find) {
  const hits = document.getElementById("zd-hits"), said = document.getElementById("zd-hits-count");
  const show = () => {
    const found = zoodataSearch.find(find.value);
    hits.replaceChildren(...found.slice(0, 12).map(({ row, by }) => make("li", {},
      make("a", { href: new URL(`architectures/${row.id}.html`, root).href }, row.title),
      by ? make("small", {}, ` ${by}`) : null)));
    hits.hidden = !found.length;
    said.textContent = find.value.trim() ? `${found.length} architecture${found.length === 1 ? "" : "s"}` : "";
  };
  find.addEventListener("focus", () => zoodataSearch.load());
  find.addEventListener("input", () => zoodataSearch.load().then(show));
  find.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && !hits.hidden) { event.preventDefault(); hits.querySelector("a").focus(); }
  });
  hits.addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = document.activeElement.parentElement[step];
    (next ? next.querySelector("a") : find).focus();
  });
  find.form.addEventListener("submit", (event) => {
    event.preventDefault();
    zoodataSearch.load().then(() => {
      const found = zoodataSearch.find(find.value);
      const best = found.filter((hit) => hit.best === 0);
      if (best.length) location.href = new URL(`architectures/${best[0].row.id}.html`, root).href;
      else location.href = `${new URL("leaderboard.html", root).href}?q=${encodeURIComponent(find.value)}`;
    });
  });
}

/* The leaderboard: sort, filter, columns; all of it in the address. */
const board = document.getElementById("zd-board");
if (board) {
  const form = document.getElementById("zd-filter"), count = document.getElementById("zd-count");
  const body = board.tBodies[0], rows = [...body.rows], heads = [...board.tHead.rows[0].cells];
  const fields = ["q", "zoo", "family", "severity", "from", "to", "size"];
  const boxes = [...form.querySelectorAll("[name=column]")];
  let sort = "";
  form.hidden = false;

  for (const head of heads) {
    const button = make("button", { type: "button", class: "zd-sort" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const name = head.dataset.sort;
      const first = name === "title" ? name : `-${name}`, second = name === "title" ? `-${name}` : name;
      sort = sort === first ? second : first;
      apply();
    });
  }

  const value = (row, name, place) => name === "title" ? row.cells[0].textContent.trim().toLowerCase()
    : name === "evidence" ? row.cells[place].textContent : parseFloat(row.cells[place].dataset.v);

  function order() {
    if (!sort) return rows;
    const down = sort.startsWith("-"), name = sort.replace("-", "");
    const place = heads.findIndex((head) => head.dataset.sort === name);
    if (place < 0) return rows;
    return [...rows].sort((a, b) => {
      const x = value(a, name, place), y = value(b, name, place);
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y); // a dash is last either way
      return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
    });
  }

  function apply() {
    const state = Object.fromEntries(fields.map((name) => [name, form.elements[name].value.trim()]));
    const named = state.q && zoodataSearch.rows ? new Map(zoodataSearch.find(state.q).map((hit) => [hit.row.id, hit.best])) : null;
    const exact = named && [...named.values()].includes(0);
    const [least, most] = state.size ? state.size.split("-").map((m) => m === "" ? Infinity : Number(m) * 1e6) : [];
    let shown = 0;
    for (const row of rows) {
      const data = row.dataset, size = Number(data.size);
      const keep = (!named || (exact ? named.get(row.id) === 0 : named.has(row.id)))
        && (!state.zoo || data.zoos.split(" ").includes(state.zoo))
        && (!state.family || data.family === state.family)
        && (!state.severity || data.severity === state.severity)
        && (!state.from || Number(data.year) >= Number(state.from))
        && (!state.to || Number(data.year) <= Number(state.to))
        && (!state.size || (size >= least && size < most));
      row.hidden = !keep;
      shown += keep;
    }
    body.append(...order());
    for (const head of heads) {
      const name = head.dataset.sort, on = sort.replace("-", "") === name;
      if (on) head.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    const hidden = boxes.filter((box) => !box.checked).map((box) => box.value);
    for (const box of boxes) {
      for (const cell of board.querySelectorAll(`.c-${box.value}`)) cell.hidden = !box.checked;
    }
    const address = new URLSearchParams(Object.entries(state).filter(([, text]) => text));
    if (sort) address.set("sort", sort);
    if (hidden.length) address.set("hide", hidden.join("."));
    const query = address.toString();
    history.replaceState(null, "", location.pathname + (query ? `?${query}` : "") + location.hash);
    count.textContent = `${shown} of ${rows.length} architectures`;
  }

  function restore() {
    const address = new URLSearchParams(location.search);
    for (const name of fields) form.elements[name].value = address.get(name) || "";
    const hidden = (address.get("hide") || "").split(".");
    for (const box of boxes) box.checked = !hidden.includes(box.value);
    sort = address.get("sort") || "";
    if (form.elements.q.value) zoodataSearch.load().then(apply);
    apply();
  }

  form.addEventListener("input", () => form.elements.q.value ? zoodataSearch.load().then(apply) : apply());
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => { sort = ""; setTimeout(apply); });
  window.addEventListener("popstate", restore);
  restore();
}

/* Compare: two entries from the address, read from the JSON API. */
const comparing = document.getElementById("zd-compare");
if (comparing) {
  const said = document.getElementById("zd-said"), place = document.getElementById("zd-compared");
  const api = (address) => fetch(new URL(`api/v1/${address}`, root)).then((answer) => {
    if (!answer.ok) throw new Error(`${address} is not there`);
    return answer.json();
  });
  let entries = null;
  comparing.hidden = false;
  document.getElementById("zd-plain").hidden = true;

  const read = () => {
    const address = new URLSearchParams(location.search);
    for (const side of ["a", "b"]) comparing.elements[side].value = address.get(side) || "";
  };
  const plain = (entry) => entry.trim().split("@")[0];
  const best = (claims, entry, metric) => {
    const own = claims.filter((claim) => plain(claim.entry) === entry && claim.metric === metric);
    if (!own.length) return null;
    const values = own.map((claim) => claim.value), low = Math.min(...values), high = Math.max(...values);
    return `${low === high ? own[0].shown : `${low} to ${high} %`} (${own.length} claim${own.length > 1 ? "s" : ""})`;
  };
  const grouped = (value) => value === null || value === undefined ? null : value.toLocaleString("en");

  function table(a, b, sides) {
    const lines = [
      ["Architecture", (s) => make("a", { href: new URL(`architectures/${s.doc.id}.html`, root).href }, s.doc.title)],
      ["Zoo", (s) => make("a", { href: new URL(`zoos/${s.entry.zoo}.html`, root).href }, s.entry.zoo)],
      ["Variant", (s) => s.entry.variant],
      ["Top-1 claims", (s) => best(s.doc.claims, s.entry.entry, "top1")],
      ["Top-5 claims", (s) => best(s.doc.claims, s.entry.entry, "top5")],
      ["Parameters", (s) => grouped(s.entry.counts && s.entry.counts.parameters)],
      ["Batch-norm statistics", (s) => grouped(s.entry.counts && s.entry.counts.statistics)],
      ["Multiply-accumulates", (s) => grouped(s.entry.counts && s.entry.counts.macs)],
      ["Input", (s) => s.entry.counts && s.entry.counts.input],
      ["Network", (s) => s.entry.counts && s.entry.counts.digest && s.entry.counts.digest.slice(0, 16)],
      ["Preprocessing", (s) => s.entry.preprocessing],
      ["Weights", (s) => s.entry.weights.join(", ")],
      ["No counts because", (s) => s.entry.missing],
    ];
    const body = make("tbody", {});
    for (const [name, say] of lines) {
      const cells = sides.map(say);
      if (cells.every((cell) => cell === null || cell === undefined || cell === "")) continue;
      const differs = cells.every((cell) => typeof cell === "string") && cells[0] !== cells[1];
      body.append(make("tr", differs ? { class: "zd-differs" } : {}, make("th", { scope: "row" }, name),
        ...cells.map((cell) => make("td", {}, cell || "–"))));
    }
    return make("div", { class: "zd-scroll", tabindex: "0", role: "region", "aria-label": "Side by side" },
      make("table", {}, make("caption", {}, `${a} and ${b}, side by side; what differs is marked`),
        make("thead", {}, make("tr", {}, ...["What", a, b].map((text) => make("th", { scope: "col" }, text)))), body));
  }

  function networks(a, b, [one, other]) {
    const nodes = [make("h2", { id: "networks" }, "Networks")];
    const comparison = one.doc.comparisons.find((c) => (c.a === a && c.b === b) || (c.a === b && c.b === a));
    const digests = [one, other].map((s) => s.entry.counts && s.entry.counts.digest);
    if (comparison) {
      nodes.push(make("p", {}, make("strong", { class: `zd-${comparison.verdict}` }, comparison.verdict), `: ${comparison.meaning} a is ${comparison.a}, b is ${comparison.b}. `,
        make("a", { href: new URL(`data/${comparison.record}`, root).href }, "Record")));
      nodes.push(make("ul", {}, ...comparison.findings.map((f) => make("li", {}, make("strong", { class: `zd-${f.severity}` }, f.severity), ` ${f.text}`))));
      if (comparison.proof) nodes.push(make("p", {}, comparison.proof));
    } else if (digests[0] && digests[0] === digests[1]) {
      nodes.push(make("p", {}, "One network: both have the same digest."));
    } else {
      nodes.push(make("p", {}, "These two were not compared yet."));
    }
    return [...nodes, make("p", {}, "On your machine: ", make("code", {}, `zoodata diff ${a} ${b} --prove`))];
  }

  function time(a, b, [one]) {
    const run = one.doc.latency;
    const timed = run && [a, b].map((entry) => run.entries.find((t) => t.entry === entry));
    const nodes = [make("h2", { id: "time" }, "Time")];
    if (timed && timed.every(Boolean)) {
      const ratio = timed[1].ratio / timed[0].ratio;
      nodes.push(make("p", {}, `${b} takes ${ratio.toFixed(2)} times as long as ${a}: ${timed[1].ratio.toFixed(3)} and ${timed[0].ratio.toFixed(3)} times ${run.reference} (95 % intervals ${timed[1].low.toFixed(3)} to ${timed[1].high.toFixed(3)} and ${timed[0].low.toFixed(3)} to ${timed[0].high.toFixed(3)}), batch ${run.batch}, on ${run.machine}. `,
        make("a", { href: new URL(`data/${run.record}`, root).href }, "Record")));
    } else {
      nodes.push(make("p", {}, "These two were not timed in one run."));
    }
    return [...nodes, make("p", {}, "On your machine: ", make("code", {}, `zoodata bench latency ${a} ${b}`))];
  }

  async function show() {
    const [a, b] = ["a", "b"].map((side) => plain(comparing.elements[side].value));
    place.replaceChildren();
    if (!a || !b) { said.textContent = "Name two entries, as torchvision:resnet50."; return; }
    try {
      entries = entries || (await api("entries.json")).entries;
      const unknown = [a, b].find((entry) => !Object.hasOwn(entries, entry));
      if (unknown) { said.textContent = `${unknown} is not an entry of the catalogue.`; return; }
      const documents = await Promise.all([a, b].map((entry) => api(`architectures/${entries[entry]}.json`)));
      const sides = documents.map((doc, n) => ({ doc, entry: doc.entries.find((e) => e.entry === [a, b][n]) }));
      const same = documents[0].id === documents[1].id;
      said.textContent = same ? "" : "These two are not of one architecture.";
      place.append(table(a, b, sides), ...networks(a, b, sides), ...time(a, b, same ? sides : [{ doc: {} }]));
      document.title = `${a} and ${b} - zoodata`;
    } catch (refused) {
      said.textContent = location.protocol === "file:"
        ? "Comparing reads the JSON API, which browsers allow from a server only: zoodata site serve."
        : `The data could not be read: ${refused.message}`;
    }
  }

  const go = () => {
    const address = new URLSearchParams({ a: comparing.elements.a.value.trim(), b: comparing.elements.b.value.trim() });
    history.pushState(null, "", `${location.pathname}?${address.toString().replaceAll("%3A", ":")}`);
    show();
  };
  comparing.addEventListener("submit", (event) => { event.preventDefault(); go(); });
  document.getElementById("zd-swap").addEventListener("click", () => {
    const { a, b } = comparing.elements;
    [a.value, b.value] = [b.value, a.value];
    go();
  });
  comparing.addEventListener("focusin", async () => {
    const list = document.getElementById("zd-entries");
    if (list.childElementCount) return;
    try { entries = entries || (await api("entries.json")).entries; } catch (refused) { return; }
    if (!list.childElementCount) list.append(...Object.keys(entries).map((entry) => make("option", { value: entry })));
  });
  window.addEventListener("popstate", () => { read(); show(); });
  read();
  if (location.search) show();
}
