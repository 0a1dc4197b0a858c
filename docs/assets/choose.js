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
