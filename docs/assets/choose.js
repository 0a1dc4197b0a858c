/* Choose: filters over the table, the pictures and what is not beaten; all of it in the address. */
const choosing = document.getElementById("zd-choose");
if (choosing) {
  const table = document.getElementById("zd-choices"), held = zoodataHeld(table), lead = document.getElementById("zd-unbeaten");
  const said = document.getElementById("zd-chosen"), fields = ["zoo", "framework", "training", "licence", "timed", "size", "parameters"];
  const NEVER = Infinity, SVG = "http://www.w3.org/2000/svg";
  const LEFT = 44, LABEL_ROOM = 13, LONGEST_LABEL = 26; /* as scatter.py has them */

  /* What a row says, read when it is first asked for. */
  let read = null;
  const row = (n) => {
    if (n >= table.tBodies[0].rows.length) held.now();
    return table.tBodies[0].rows[n];
  };
  const choices = () => read || (held.now(), read = [...table.tBodies[0].rows].map((row, n) => {
    const [, , macs, parameters, size, , time] = row.cells, { zoo, licence = "permissive" } = row.dataset;
    return {
      n, row, zoo, licence, more: "more" in row.dataset, parameters: Number(parameters.textContent), size: Number(size.textContent),
      compute: Number(macs.dataset.v), time: time.dataset.v ? Number(time.dataset.v) : NEVER,
    };
  }));
  const link = (n) => row(n).cells[0].querySelector("a");
  const text = (n) => {
    const [name, top1, macs, , size, , time] = [...row(n).cells].map((cell) => cell.textContent);
    return `${name}: ${top1} %, ${macs} GMAC, ${size} px${row(n).cells[6].dataset.v ? `, ${time} ms` : ""}`;
  };
  const drawn = (tag, attributes, ...children) => {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  const pictures = [...document.querySelectorAll(".zd-figure svg")].map((svg, place) => ({
    svg, cost: ["compute", "time"][place], line: svg.querySelector(".zd-front"), top: svg.querySelector(".zd-on-front"),
    dots: new Map([...svg.querySelectorAll("[data-n]")].map((dot) => [Number(dot.dataset.n), dot])),
  }));
  /* A dot says what it is, and opens its entry. */
  for (const { svg } of pictures) {
    svg.addEventListener("mouseover", ({ target }) => {
      if (target.dataset.n && !target.firstChild && !target.closest("a")) target.append(drawn("title", {}, text(target.dataset.n)));
    });
    svg.addEventListener("click", ({ target }) => {
      if (target.dataset.n && !target.closest("a")) location.href = link(target.dataset.n).href;
    });
  }

  /* From the most accurate down, whatever costs less than all before: choice.py does the same. */
  const front = (kept, cost) => {
    let least = NEVER;
    return kept.filter((each) => each[cost] < least && ((least = each[cost]), true));
  };

  function redraw({ svg, line, top, dots }, kept, best) {
    const shown = new Set(kept.map((each) => each.n));
    for (const old of top.querySelectorAll("a")) {
      const dot = old.querySelector("circle");
      dot.setAttribute("r", 3.5);
      svg.insertBefore(dot, top);
    }
    top.replaceChildren();
    for (const [n, dot] of dots) dot.classList.toggle("zd-faint", !shown.has(n));
    const points = best.map(({ n }) => ["cx", "cy"].map((name) => Number(dots.get(n).getAttribute(name))));
    best.forEach(({ n }) => {
      const dot = dots.get(n);
      dot.setAttribute("r", 5);
      dot.replaceChildren();
      top.prepend(drawn("a", { href: link(n).href }, drawn("title", {}, text(n)), dot));
    });
    /* Names from the most accurate down; one that would lie on the one before is left out. */
    let last = -NEVER;
    best.forEach(({ n }, place) => {
      const [x, y] = points[place];
      const name = link(n).textContent.split(":").slice(1).join(":").split("@")[0];
      const label = name.length > LONGEST_LABEL ? `${name.slice(0, LONGEST_LABEL - 1)}…` : name;
      if (y - 8 - last < LABEL_ROOM || x - LEFT <= 7 * label.length) return;
      last = y - 8;
      top.append(drawn("text", { class: "zd-note", x: x - 5, y: last, "text-anchor": "end" }, label));
    });
    if (line) line.setAttribute("points", points.reverse().join(" "));
  }

  const counted = (n) => `${n.toLocaleString("en")} checkpoint${n === 1 ? "" : "s"}`;
  const apply = () => {
    const state = Object.fromEntries(fields.map((name) => [name, choosing.elements[name].value]));
    const kept = choices().filter((each) => (!state.zoo || each.zoo === state.zoo)
      && (!state.framework || state.framework.split(" ").includes(each.zoo))
      && (!state.training || (state.training === "more") === each.more)
      && (!state.licence || each.licence === state.licence)
      && (!state.timed || each.time < NEVER)
      && (!state.size || each.size <= Number(state.size))
      && (!state.parameters || each.parameters <= Number(state.parameters)));
    const stays = new Set(kept);
    for (const each of choices()) if (each.row.hidden === stays.has(each)) each.row.hidden = !stays.has(each);
    const best = { compute: front(kept, "compute"), time: front(kept, "time") };
    for (const picture of pictures) redraw(picture, kept, best[picture.cost]);
    for (const shown of document.querySelectorAll("[data-front]")) {
      shown.tBodies[0].replaceChildren(...best[shown.dataset.front].map((each) => each.row.cloneNode(true)));
    }
    document.getElementById("zd-kept").textContent = counted(kept.length);
    const compute = best.compute.length, time = best.time.length;
    lead.textContent = kept.length ? `${compute.toLocaleString("en")} of ${counted(kept.length)} that fit ${compute === 1 ? "is" : "are"} not beaten: none that takes less compute claims more. The line below joins them.` : "No checkpoint fits.";
    said.textContent = kept.length ? `${counted(kept.length)} of ${choices().length.toLocaleString("en")}; not beaten: ${compute} in compute${time ? `, ${time} in time` : ""}` : "No checkpoint fits: take a filter away.";
    const query = new URLSearchParams(Object.entries(state).filter(([, value]) => value)).toString();
    history.replaceState(null, "", location.pathname + (query ? `?${query}` : "") + location.hash);
  };
  const address = new URLSearchParams(location.search);
  for (const name of fields) choosing.elements[name].value = address.get(name) || "";
  choosing.addEventListener("input", apply);
  choosing.addEventListener("submit", (event) => event.preventDefault());
  choosing.addEventListener("reset", () => setTimeout(apply));
  if (address.size) apply();
}
