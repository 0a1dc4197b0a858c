/* Compare: two entries from the address, read from the JSON API. */
const comparing = document.getElementById("zd-compare");
if (comparing) {
  const said = document.getElementById("zd-said"), place = document.getElementById("zd-compared");
  let entries = null, shown = 0;

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
    const heads = code === "parametric" && comparison && comparison.findings.some((one) => one.severity === "other_head");
    const refused = comparison && comparison.one_way && comparison.b === a;
    const words = {
      identical: "Same network. Weights load, both ways, and give identical outputs.",
      benign: "Same function. Weights load, both ways, and give the same outputs.",
      one_way: `Same function, but not this way round: ${a} stores tensors that ${b} has no place for. The weights of ${b} load into ${a}.`,
      other_head: "Same body, other head. Weights load but for the head.",
      parametric: "Do not swap these weights: they load, and the outputs differ.",
      parametric_head: "Do not swap these weights: they load but for the head, and the outputs differ.",
      structural: "These weights do not load into the other network.",
    }[refused && code === "benign" ? "one_way" : heads ? "parametric_head" : code] || (same ? "Not known: these two networks were not compared." : "Two designs: weights of one are not for the other.");
    const image = !SAME.includes(code) && code !== "other_head" ? "" : !known ? " How the image is preprocessed is not documented on both sides."
      : differs ? " Preprocessing differs: use that of the weights, not of the network." : " Preprocessing is the same.";
    return make("p", { class: `zd-answer zd-${code || "uncompared"}` }, make("strong", {}, words), image);
  }

  function networks(a, b, sides) {
    const [one] = sides, nodes = [make("h2", { id: "networks" }, "Network")];
    const comparison = between(a, b, sides);
    const digests = sides.map((s) => s.entry.counts && s.entry.counts.digest);
    if (comparison) {
      nodes.push(make("p", {}, make("strong", { class: `zd-${comparison.verdict}` }, comparison.verdict.replace("_", " ")), `: ${comparison.meaning} `,
        make("a", { href: new URL(`data/${comparison.record}`, root).href }, "Record")));
      nodes.push(make("ul", {}, ...comparison.findings.map((f) => make("li", {}, make("strong", { class: `zd-${f.severity}` }, f.severity.replace("_", " ")), ` ${f.text}`))));
      if (comparison.proof) nodes.push(make("p", {}, comparison.proof));
    } else if (digests[0] && digests[0] === digests[1]) {
      nodes.push(make("p", {}, "One network: both have the same digest."));
    } else if (one.doc.id !== sides[1].doc.id) {
      return [...nodes, make("p", {}, "Not of one architecture: their networks were not compared.")];
    } else {
      nodes.push(make("p", {}, "These two were not compared yet."));
    }
    return [...nodes, make("p", {}, "On your machine: ", make("code", {}, `zoodata diff ${a} ${b} --prove`), "; to write the weights of one as a checkpoint of the other: ", make("code", {}, `zoodata transplant ${a}@WEIGHTS ${b} --out carried.safetensors`))];
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

  /* The entry that somebody means who writes "keras vgg16", or slips. */
  const near = (text) => {
    const [zoo, name] = text.split(":");
    if (name !== undefined && !zoodataSearch.zoos.some((one) => one.name === zoo || one.words.includes(key(zoo)))) return null;
    const hit = zoodataSearch.find(text)[0] || zoodataSearch.find(text.split(":").pop())[0];
    if (!hit) return null;
    const { zoos } = zoodataSearch.parse(text), names = hit.row.names.filter(([zoo]) => !zoos.size || zoos.has(zoo));
    return hit.by || names.map(([zoo, name]) => `${zoo}:${name}`)[0] || null;
  };

  /* The dispute form that the first page's links lead to, filled in. */
  const dispute = (a, b) => {
    const form = new URL(comparing.dataset.dispute);
    form.searchParams.set("title", `dispute: ${a} and ${b}`.slice(0, 120));
    form.searchParams.set("page", `compare.html?a=${a}&b=${b}`);
    form.searchParams.set("wrong", `${a} and ${b}`);
    return make("p", {}, make("a", { href: form.href }, "Dispute this"));
  };

  const address = () => {
    const pair = new URLSearchParams({ a: comparing.elements.a.value.trim(), b: comparing.elements.b.value.trim() });
    return `${location.pathname}?${pair.toString().replaceAll("%3A", ":")}`;
  };

  async function show() {
    const [a, b] = ["a", "b"].map((side) => plain(comparing.elements[side].value)), asked = (shown += 1);
    place.replaceChildren();
    if (!a || !b) { said.textContent = "Name two entries, as torchvision:resnet50."; return; }
    try {
      entries = entries || (await api("entries.json")).entries;
      const unknown = [a, b].filter((entry) => !Object.hasOwn(entries, entry));
      if (unknown.length) {
        await zoodataSearch.load();
        const meant = Object.fromEntries(unknown.map((entry) => [entry, near(entry)]));
        const lost = unknown.filter((entry) => !meant[entry]);
        if (lost.length) { said.textContent = `${lost.join(" and ")}: no entry of the catalogue. An entry is named as torchvision:resnet50.`; return; }
        for (const side of ["a", "b"]) comparing.elements[side].value = meant[plain(comparing.elements[side].value)] || comparing.elements[side].value;
        history.replaceState(null, "", address());
        await show();
        said.prepend(`${unknown.map((entry) => `${entry} was read as ${meant[entry]}`).join("; ")}. `);
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
      /* Part after part, so that a tap in between is heard. */
      const parts = [
        () => [verdict(a, b, sides, same), ...networks(a, b, kept)], () => preprocessing(a, b, sides),
        () => [make("h2", { id: "claims" }, "Claims and counts"), table(a, b, sides)],
        () => accuracy(a, b, kept), () => [...time(a, b, kept), dispute(a, b)],
      ];
      for (const part of parts) {
        await new Promise((ready) => { setTimeout(ready); });
        if (asked !== shown) return; // others were asked for meanwhile
        place.append(...part());
      }
      document.title = `${a} and ${b} - zoodata`;
    } catch (refused) {
      said.textContent = location.protocol === "file:"
        ? "Comparing reads the JSON API, which browsers allow from a server only: zoodata site serve."
        : `The data could not be read: ${refused.message}`;
    }
  }

  const go = () => {
    history.pushState(null, "", address());
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
