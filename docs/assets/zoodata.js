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
    const words = text.toLowerCase().split(/[\s:,]+/).filter(Boolean);
    const zoos = new Set(), rest = [];
    for (const word of words) {
      const named = words.length > 1 ? this.zoos.filter((zoo) => zoo.words.some((own) => own === word || (word.length > 3 && own.startsWith(word)))) : [];
      const architecture = this.rows.some((row) => row.keys.includes(key(word)));
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
    const wanted = key(text);
    const others = wanted.length < 2 ? [] : [
      ...this.zoos.filter((zoo) => zoo.key.includes(wanted) || zoo.name === text.trim()).map((zoo) => ({ href: `zoos/${zoo.name}.html`, title: zoo.title, kind: "zoo" })),
      ...this.pages.filter((page) => page.key.includes(wanted)).map((page) => ({ href: page.href, title: page.title, kind: page.href.includes("#") ? "finding" : "page" })),
    ];
    const models = this.find(text).map(({ row, best, by }) => ({ href: `architectures/${row.id}.html`, title: row.title, kind: by, best }));
    const own = others.findIndex((hit) => hit.href === `zoos/${text.trim()}.html`);
    if (own >= 0) return [...others.splice(own, 1), ...models];
    return models.some((hit) => hit.best < 2) ? [...models, ...others.slice(0, 4)] : [...others.slice(0, 4), ...models];
  },
};
window.zoodataSearch = zoodataSearch;

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
      const found = zoodataSearch.find(find.value), best = found.filter((hit) => hit.best === 0);
      if (!found.length) show();
      else if (best.length || found.length === 1) location.href = new URL(`architectures/${(best[0] || found[0]).row.id}.html`, root).href;
      else location.href = `${new URL("leaderboard.html", root).href}?q=${encodeURIComponent(find.value)}`;
    });
  });
}

/* The leaderboard: sort, filter, columns; all of it in the address. */
const board = document.getElementById("zd-board");
if (board) {
  const form = document.getElementById("zd-filter"), count = document.getElementById("zd-count");
  const body = board.tBodies[0], rows = [...body.rows], heads = [...board.tHead.rows[0].cells];
  const fields = ["q", "zoo", "with", "family", "severity", "from", "to", "size"];
  const boxes = [...form.querySelectorAll("[name=column]")];
  let sort = "", sorted = "";

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
    : parseFloat(row.cells[place].dataset.v);

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
        && [state.zoo, state.with].every((zoo) => !zoo || data.zoos.split(" ").includes(zoo))
        && (!state.family || data.family === state.family)
        && (!state.severity || data.severity === state.severity)
        && (!state.from || Number(data.year) >= Number(state.from))
        && (!state.to || Number(data.year) <= Number(state.to))
        && (!state.size || (size >= least && size < most));
      if (row.hidden === keep) row.hidden = !keep;
      shown += keep;
    }
    if (sort !== sorted) { body.append(...order()); sorted = sort; }
    for (const head of heads) {
      const name = head.dataset.sort, on = sort.replace("-", "") === name;
      if (on) head.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    const hidden = boxes.filter((box) => !box.checked).map((box) => box.value);
    for (const box of boxes) board.classList.toggle(`without-${box.value}`, !box.checked);
    const address = new URLSearchParams(Object.entries(state).filter(([, text]) => text));
    if (sort) address.set("sort", sort);
    if (hidden.length) address.set("hide", hidden.join("."));
    const query = address.toString();
    history.replaceState(null, "", location.pathname + (query ? `?${query}` : "") + location.hash);
    count.textContent = shown ? `${shown} of ${rows.length} architectures` : "No architecture fits: take a filter away.";
  }

  function restore(isFirst) {
    const address = new URLSearchParams(location.search);
    for (const name of fields) form.elements[name].value = address.get(name) || "";
    const hidden = (address.get("hide") || "").split(".");
    for (const box of boxes) box.checked = !hidden.includes(box.value);
    sort = address.get("sort") || "";
    /* Without an address the table first stands as it was written. */
    if (form.elements.q.value) zoodataSearch.load().then(apply);
    else if (address.size || !isFirst) apply();
    else count.textContent = `${rows.length} architectures`;
  }

  form.addEventListener("input", () => form.elements.q.value ? zoodataSearch.load().then(apply) : apply());
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => { sort = ""; setTimeout(apply); });
  window.addEventListener("popstate", () => restore(false));
  restore(true);
}

/* Compare: two entries from the address, read from the JSON API. */
const comparing = document.getElementById("zd-compare");
if (comparing) {
  const said = document.getElementById("zd-said"), place = document.getElementById("zd-compared");
  let entries = null;
  document.getElementById("zd-plain").hidden = true;

  const read = () => {
    const address = new URLSearchParams(location.search);
    for (const side of ["a", "b"]) comparing.elements[side].value = address.get(side) || "";
  };
  const plain = (entry) => entry.trim().split("@")[0];
  /* Of the checkpoint that was named; of all of the entry's where none was. */
  const best = (claims, s, metric) => {
    const own = claims.filter((claim) => claim.metric === metric && (s.weights ? claim.entry === `${s.entry.entry}@${s.weights}` : plain(claim.entry) === s.entry.entry));
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
      ["Top-1 claims", (s) => best(s.doc.claims, s, "top1")],
      ["Top-5 claims", (s) => best(s.doc.claims, s, "top5")],
      ["Parameters", (s) => grouped(s.entry.counts && s.entry.counts.parameters)],
      ["Batch-norm statistics", (s) => grouped(s.entry.counts && s.entry.counts.statistics)],
      ["Multiply-accumulates", (s) => grouped(s.entry.counts && s.entry.counts.macs)],
      ["Input", (s) => s.entry.counts && s.entry.counts.input],
      ["Network", (s) => s.entry.counts && s.entry.counts.digest && s.entry.counts.digest.slice(0, 16)],
      ["Preprocessing", (s) => s.entry.preprocessing],
      ["Weights", (s) => s.weights || s.entry.weights.join(", ")],
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

  const SAME = ["identical", "benign"];
  const between = (a, b, [one]) => one.doc.comparisons.find((c) => (c.a === a && c.b === b) || (c.a === b && c.b === a));

  /* The answer first, in words. */
  function verdict(a, b, sides, same) {
    const [one, other] = sides, digests = sides.map((s) => s.entry.counts && s.entry.counts.digest);
    const comparison = same ? between(a, b, sides) : null;
    const known = one.entry.preprocessing && other.entry.preprocessing;
    const differs = known && one.entry.preprocessing !== other.entry.preprocessing;
    let code = comparison ? comparison.verdict : digests[0] && digests[0] === digests[1] ? "identical" : "";
    const words = {
      identical: "Same network. Weights load and give identical outputs.",
      benign: "Same function. Weights load and give the same outputs.",
      other_head: "Same body, other head. Weights load but for the last layer.",
      parametric: "Do not swap these weights: they load, and the outputs differ.",
      structural: "These weights do not load into the other network.",
    }[code] || (same ? "Not known: these two networks were not compared." : "Two designs: weights of one are not for the other.");
    const image = !SAME.includes(code) && code !== "other_head" ? "" : !known ? " How the image is preprocessed is not documented on both sides."
      : differs ? " Preprocessing differs: use that of the weights, not of the network." : " Preprocessing is the same.";
    return make("p", { class: `zd-answer zd-${code || "uncompared"}` }, make("strong", {}, words), image);
  }

  function networks(a, b, sides) {
    const nodes = [make("h2", { id: "networks" }, "Network")];
    const comparison = between(a, b, sides);
    const digests = sides.map((s) => s.entry.counts && s.entry.counts.digest);
    if (comparison) {
      nodes.push(make("p", {}, make("strong", { class: `zd-${comparison.verdict}` }, comparison.verdict.replace("_", " ")), `: ${comparison.meaning} a is ${comparison.a}, b is ${comparison.b}. `,
        make("a", { href: new URL(`data/${comparison.record}`, root).href }, "Record")));
      nodes.push(make("ul", {}, ...comparison.findings.map((f) => make("li", {}, make("strong", { class: `zd-${f.severity}` }, f.severity.replace("_", " ")), ` ${f.text}`))));
      if (comparison.proof) nodes.push(make("p", {}, comparison.proof));
    } else if (digests[0] && digests[0] === digests[1]) {
      nodes.push(make("p", {}, "One network: both have the same digest."));
    } else {
      nodes.push(make("p", {}, "These two were not compared yet."));
    }
    return [...nodes, make("p", {}, "On your machine: ", make("code", {}, `zoodata diff ${a} ${b} --prove`))];
  }

  /* What is done to an image, as two lists of steps; a step that the other side has not is marked. */
  function preprocessing(a, b, sides) {
    const steps = sides.map((s) => s.entry.preprocessing_steps);
    if (!steps.every((list) => list.length)) return [];
    const lists = steps.map((list, n) => make("div", {}, make("h3", {}, [a, b][n]),
      make("ol", {}, ...list.map((step) => make("li", steps[1 - n].includes(step) ? {} : { class: "zd-step-differs" }, step)))));
    return [make("h2", { id: "preprocessing" }, "Preprocessing"), make("div", { class: "zd-pipelines" }, ...lists),
      make("p", {}, "On your machine: ", make("code", {}, `zoodata preprocessing ${a} ${b}`))];
  }

  function time(a, b, [one]) {
    const run = one.doc.latency;
    const timed = run && [a, b].map((entry) => run.entries.find((t) => t.entry === entry));
    const nodes = [make("h2", { id: "time" }, "Time")];
    const interval = (t) => t.low === null ? "one session" : `95 % interval ${t.low.toFixed(3)} to ${t.high.toFixed(3)}`;
    if (timed && timed.every(Boolean)) {
      const other = [a, b].includes(run.reference) ? timed.find((t) => t.entry !== run.reference) : null;
      const said = other ? `${other.verdict[0].toUpperCase()}${other.verdict.slice(1)}: ${other.entry} takes ${other.ratio.toFixed(3)} of the time of ${run.reference} (${interval(other)})`
        : `No number for these two: each was timed against ${run.reference}. ${timed.map((t) => `${t.entry}: ${t.ratio.toFixed(3)} (${interval(t)}), ${t.verdict}`).join("; ")}`;
      nodes.push(make("p", {}, `${said}. Batch ${run.batch}, on ${run.machine}. `,
        make("a", { href: new URL(`data/${run.record}`, root).href }, "Record")));
    } else {
      nodes.push(make("p", {}, "These two were not timed in one run."));
    }
    return [...nodes, make("p", {}, "On your machine: ", make("code", {}, `zoodata bench latency ${a} ${b}`))];
  }

  /* Both on the same images: who is right where the other is not. */
  function accuracy(a, b, [one]) {
    const pair = (one.doc.measured || []).find((p) => [[p.a, p.b], [p.b, p.a]].some(([x, y]) => plain(x) === a && plain(y) === b));
    const nodes = [make("h2", { id: "accuracy" }, "Accuracy on the same images")];
    if (pair) {
      const sure = pair.corrected < 0.05, better = pair.only_a > pair.only_b ? pair.a : pair.b;
      nodes.push(make("p", {}, make("strong", {}, sure ? `${better} is better.` : "No difference shown."),
        ` ${pair.a}: ${pair.top1_a.toFixed(1)} %, ${pair.b}: ${pair.top1_b.toFixed(1)} % of ${pair.images.toLocaleString("en")} images; ${pair.only_a} only the first gets right, ${pair.only_b} only the second (p = ${pair.corrected.toPrecision(1)}). `,
        make("a", { href: new URL("measured.html", root).href }, "Measured accuracy")));
    } else {
      nodes.push(make("p", {}, "These two were not evaluated on the same images."));
    }
    return [...nodes, make("p", {}, "On your machine: ", make("code", {}, `zoodata attribute ${a} ${b} --images nips2017_dev`))];
  }

  async function show() {
    const [a, b] = ["a", "b"].map((side) => plain(comparing.elements[side].value));
    place.replaceChildren();
    if (!a || !b) { said.textContent = "Name two entries, as torchvision:resnet50."; return; }
    try {
      entries = entries || (await api("entries.json")).entries;
      const unknown = [a, b].find((entry) => !Object.hasOwn(entries, entry));
      if (unknown) {
        await zoodataSearch.load();
        const near = zoodataSearch.find(unknown.includes(":") ? unknown.split(":")[1] : unknown)[0], meant = near && (near.by || near.row.names.map(([zoo, name]) => `${zoo}:${name}`)[0]);
        said.textContent = `${unknown} is not an entry of the catalogue.${meant ? ` Perhaps ${meant}?` : ""}`;
        return;
      }
      const documents = await Promise.all([a, b].map((entry) => api(`architectures/${entries[entry]}.json`)));
      const sides = documents.map((doc, n) => ({
        doc, entry: doc.entries.find((e) => e.entry === [a, b][n]),
        weights: comparing.elements[["a", "b"][n]].value.trim().split("@").slice(1).join("@"),
      }));
      const unnamed = sides.find((s) => s.weights && s.entry.weights.length && !s.entry.weights.includes(s.weights));
      const same = documents[0].id === documents[1].id;
      said.textContent = unnamed ? `No claim names ${unnamed.entry.entry}@${unnamed.weights}; known weights: ${unnamed.entry.weights.join(", ")}.` : "";
      const kept = same ? sides : [{ ...sides[0], doc: { comparisons: [] } }, sides[1]];
      place.append(verdict(a, b, sides, same), ...networks(a, b, kept), ...preprocessing(a, b, sides),
        make("h2", { id: "claims" }, "Claims and counts"), table(a, b, sides), ...accuracy(a, b, kept), ...time(a, b, kept));
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

/* Choose: filters over the table and the pictures; all of it in the address. */
const choosing = document.getElementById("zd-choose");
if (choosing) {
  const rows = [...document.querySelectorAll(".zd-choices tbody tr")], said = document.getElementById("zd-chosen");
  const every = document.querySelectorAll("#zd-choices tbody tr").length, dots = new Map();
  for (const dot of document.querySelectorAll(".zd-figure [data-name]")) {
    if (!dots.has(dot.dataset.name)) dots.set(dot.dataset.name, []);
    dots.get(dot.dataset.name).push(dot);
  }
  const fields = ["zoo", "framework", "training", "size", "parameters"];
  const apply = () => {
    const state = Object.fromEntries(fields.map((name) => [name, choosing.elements[name].value]));
    let shown = 0;
    for (const row of rows) {
      const { zoo } = row.dataset, [name, , , parameters, size] = [...row.cells].map((cell) => cell.textContent);
      const keep = (!state.zoo || zoo === state.zoo)
        && (!state.framework || state.framework.split(" ").includes(zoo))
        && (!state.training || (state.training === "more") === ("more" in row.dataset))
        && (!state.size || Number(size) <= Number(state.size))
        && (!state.parameters || Number(parameters) <= Number(state.parameters));
      if (row.hidden === keep) row.hidden = !keep;
      for (const dot of dots.get(name) || []) dot.classList.toggle("zd-faint", !keep);
      shown += keep && row.closest("#zd-choices") !== null;
    }
    said.textContent = shown ? `${shown} of ${every} checkpoints` : "No checkpoint fits: take a filter away.";
    const query = new URLSearchParams(Object.entries(state).filter(([, text]) => text)).toString();
    history.replaceState(null, "", location.pathname + (query ? `?${query}` : "") + location.hash);
  };
  const address = new URLSearchParams(location.search);
  for (const name of fields) choosing.elements[name].value = address.get(name) || "";
  choosing.addEventListener("input", apply);
  choosing.addEventListener("submit", (event) => event.preventDefault());
  choosing.addEventListener("reset", () => setTimeout(apply));
  if (address.size) apply();
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
