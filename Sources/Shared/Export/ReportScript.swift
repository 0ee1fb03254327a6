/// The report's script: details, search, order, the browser of exchanges, themes and keys.
///
/// It makes elements and sets their text; no string from the tape becomes markup, a selector or code.
enum ReportScript {
    static let text = #"""
        (() => {
          "use strict";
          const $ = (selector, within = document) => within.querySelector(selector);
          const $$ = (selector, within = document) => Array.from(within.querySelectorAll(selector));
          const root = document.documentElement;
          root.classList.add("js");

          // Whatever comes from the tape is set as text, never as markup.
          const element = (name, className, text) => {
            const made = document.createElement(name);
            if (className) made.className = className;
            if (text !== undefined) made.textContent = text;
            return made;
          };
          let parsed;
          const data = () => (parsed ??= JSON.parse($("#data").textContent));
          const count = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ",");
          const latency = (ns) => {
            for (const [unit, name] of [[1e9, "s"], [1e6, "ms"], [1e3, "us"]]) {
              if (ns < unit) continue;
              const value = ns / unit;
              return (value >= 100 ? Math.floor(value) : value.toPrecision(3)) + " " + name;
            }
            return ns + " ns";
          };
          const bytes = (value) => {
            if (value < 1000) return value + " B";
            const units = ["kB", "MB", "GB", "TB"];
            let unit = -1;
            do { value /= 1000; unit += 1; } while (value >= 1000 && unit < units.length - 1);
            return value.toFixed(1) + " " + units[unit];
          };

          // Services and operations.
          const rows = $$("tr[data-o]");
          const texts = rows.map((row) => {
            const peer = row.closest(".peer"), service = row.closest(".service");
            return [row.cells[0].textContent, $("h4", peer).textContent, $("h3", service).textContent].join(" ").toLowerCase();
          });
          const peers = $$(".peer");
          const peerTexts = peers.map((peer) => (peer.textContent + " " + $("h3", peer.closest(".service")).textContent).toLowerCase());
          const search = $("#search");
          const words = () => search.value.toLowerCase().split(/\s+/).filter(Boolean);
          const matches = (text, wanted) => wanted.every((word) => text.includes(word));

          const filterServices = () => {
            const wanted = words();
            let shown = 0;
            rows.forEach((row, place) => {
              const isShown = matches(texts[place], wanted);
              if (row.hidden === isShown) row.hidden = !isShown;
              const detail = row.nextElementSibling;
              if (detail?.className === "detail") detail.hidden = !isShown;
              if (isShown) shown += 1;
            });
            peers.forEach((peer, place) => {
              const list = $("tbody", peer);
              peer.hidden = list ? !$("tr[data-o]:not([hidden])", list) : !matches(peerTexts[place], wanted);
            });
            for (const service of $$(".service")) service.hidden = !$(".peer:not([hidden])", service);
            $("#found").textContent = wanted.length ? `${count(shown)} of ${count(rows.length)} operations` : "";
          };

          const detail = (row) => {
            const known = data().operations[row.dataset.o];
            const made = element("tr", "detail"), cell = element("td");
            cell.colSpan = row.cells.length;
            const facts = element("dl");
            for (const [name, value] of known.facts) facts.append(element("dt", "", name), element("dd", "", value));
            cell.append(facts);
            if (known.schemas.length) {
              const list = element("div", "variants");
              for (const [title, text] of known.schemas) {
                const figure = element("figure");
                figure.append(element("figcaption", "", title), element("pre", "", text));
                list.append(figure);
              }
              cell.append(list);
            }
            const own = data().exchanges.filter((exchange) => exchange[1] === Number(row.dataset.o)).length;
            if (own) {
              const button = element("button", "", `Show ${own === 1 ? "its exchange" : `its ${count(own)} exchanges`}`);
              button.addEventListener("click", () => { only = Number(row.dataset.o); browse(); $("#exchanges").scrollIntoView(); });
              cell.append(button);
            }
            made.append(cell);
            return made;
          };
          const toggle = (row) => {
            const button = $(".open", row), next = row.nextElementSibling;
            const isOpen = button.getAttribute("aria-expanded") === "true";
            button.setAttribute("aria-expanded", String(!isOpen));
            if (isOpen) { if (next?.className === "detail") next.remove(); } else row.after(detail(row));
          };

          const sort = (header) => {
            const table = header.closest("table"), body = table.tBodies[0];
            const place = Array.from(header.parentNode.children).indexOf(header);
            const isDown = header.getAttribute("aria-sort") ? header.getAttribute("aria-sort") === "ascending" : place > 0;
            for (const other of $$("th[aria-sort]", table)) other.removeAttribute("aria-sort");
            header.setAttribute("aria-sort", isDown ? "descending" : "ascending");
            const key = (row) => (place === 0 ? row.cells[0].textContent : Number(row.cells[place].dataset.v ?? -1));
            const sorted = $$("tr[data-o]", body).map((row, number) => {
              const next = row.nextElementSibling;
              return { row, number, key: key(row), detail: next?.className === "detail" ? next : null };
            });
            const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
            sorted.sort((a, b) => (isDown ? order(b.key, a.key) : order(a.key, b.key)) || a.number - b.number);
            body.replaceChildren(...sorted.flatMap(({ row, detail }) => (detail ? [row, detail] : [row])));
          };

          document.addEventListener("click", (event) => {
            const open = event.target.closest(".open");
            if (open) return toggle(open.closest("tr"));
            const header = event.target.closest(".operations thead button");
            if (header) sort(header.closest("th"));
          });

          // Exchanges.
          let only = null, limit = 200;
          const list = $("#exchanges tbody"), more = $("#more"), chip = $("#only"), errors = $("#errors");
          let exchangeTexts;
          const exchangeText = (place) => {
            exchangeTexts ??= data().exchanges.map(([, of, status, , , , target]) => {
              const { service, peer, method, name } = data().operations[of];
              return [service, peer, method, name, target, status].join(" ").toLowerCase();
            });
            return exchangeTexts[place];
          };
          const browse = () => {
            if (!list) return;
            const wanted = words(), all = data().exchanges, found = [];
            all.forEach((exchange, place) => {
              if (only !== null && exchange[1] !== only) return;
              if (errors.checked && !exchange[7]) return;
              if (matches(exchangeText(place), wanted)) found.push(exchange);
            });
            list.replaceChildren(...found.slice(0, limit).map(([at, of, status, took, up, down, target, isError, connection]) => {
              const { service, peer, method, name } = data().operations[of];
              const row = element("tr", isError ? "failed" : "");
              row.title = `connection ${connection}`;
              const what = element("td", "left what");
              if (method) what.append(element("span", "method", method), " ");
              what.append(element("span", "path", target || name));
              row.append(
                element("td", "", (at / 1e6).toFixed(3) + " s"), element("td", "left", `${service} → ${peer}`), what, element("td", "", status),
                element("td", "", took === null ? "" : latency(took)), element("td", "", bytes(up)), element("td", "", bytes(down)));
              return row;
            }));
            if (!found.length) {
              const row = element("tr"), cell = element("td", "faint", `Nothing of the ${count(all.length)} exchanges that are here matches.`);
              cell.colSpan = 7;
              row.append(cell);
              list.append(row);
            }
            $("#shown").textContent = `${count(Math.min(limit, found.length))} of ${count(found.length)}`;
            more.hidden = found.length <= limit;
            chip.hidden = only === null;
            if (only !== null) {
              const { service, peer, method, name } = data().operations[only];
              chip.textContent = `only ${service} → ${peer}: ${`${method} ${name}`.trim()}  ✕`;
            }
          };
          if (list) {
            more.addEventListener("click", () => { limit += 200; browse(); });
            chip.addEventListener("click", () => { only = null; browse(); });
            errors.addEventListener("change", browse);
            // What is further down than anybody has looked is drawn when somebody does.
            new IntersectionObserver((seen, observer) => {
              if (seen.some((one) => one.isIntersecting)) { observer.disconnect(); browse(); }
            }, { rootMargin: "400px" }).observe($("#exchanges"));
            addEventListener("beforeprint", browse);
          }

          let due = 0;
          search.addEventListener("input", () => {
            cancelAnimationFrame(due);
            due = requestAnimationFrame(() => { limit = 200; filterServices(); browse(); });
          });

          // The graph: what a box has to do with stands out.
          const graph = $(".graph");
          const highlight = (box) => {
            const number = box?.dataset.n;
            const near = new Set([number]);
            for (const edge of $$(".edge", graph)) {
              const touches = !box || edge.dataset.s === number || edge.dataset.t === number;
              if (touches) near.add(edge.dataset.s).add(edge.dataset.t);
              edge.classList.toggle("dim", !touches);
            }
            for (const node of $$(".node", graph)) node.classList.toggle("dim", Boolean(box) && !near.has(node.dataset.n));
          };
          if (graph) {
            for (const kind of ["pointerover", "focusin"]) {
              graph.addEventListener(kind, (event) => highlight(event.target.closest(".node") ?? $(".node", event.target.closest("a") ?? element("i"))));
            }
            for (const kind of ["pointerleave", "focusout"]) graph.addEventListener(kind, () => highlight(null));
            $("#fit").addEventListener("click", (event) => event.target.setAttribute("aria-pressed", String(graph.classList.toggle("fit"))));
          }

          // Light and dark.
          const themes = ["", "light", "dark"];
          const theme = () => {
            const next = themes[(themes.indexOf(root.dataset.theme ?? "") + 1) % themes.length];
            if (next) root.dataset.theme = next; else delete root.dataset.theme;
            $("#theme").textContent = `Theme: ${next || "auto"}`;
          };
          $("#theme").addEventListener("click", theme);

          // Keys.
          const keys = $("#keys");
          $("#help").addEventListener("click", () => keys.showModal());
          const step = (by) => {
            const all = $$(".open").filter((button) => button.checkVisibility());
            const at = all.indexOf(document.activeElement);
            const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
            next?.focus();
            next?.scrollIntoView({ block: "nearest" });
          };
          document.addEventListener("keydown", (event) => {
            if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
            if (event.target === search) {
              if (event.key === "Escape") { search.value = ""; search.dispatchEvent(new Event("input")); search.blur(); }
              if (event.key === "Enter" || event.key === "ArrowDown") { event.preventDefault(); search.blur(); step(1); }
              return;
            }
            const actions = {
              "/": () => { search.focus(); search.select(); }, "j": () => step(1), "k": () => step(-1), "t": theme, "?": () => keys.showModal(),
              "g": () => $("#graph").scrollIntoView(), "s": () => $("#services").scrollIntoView(), "e": () => $("#exchanges")?.scrollIntoView(),
              "a": () => $("#account").scrollIntoView(),
            };
            const action = Object.hasOwn(actions, event.key) ? actions[event.key] : null;
            if (action) { event.preventDefault(); action(); }
          });
        })();
        """#
}
