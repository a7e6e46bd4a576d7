// The entry point of every signed-in page. htmx starts at DOMContentLoaded, and its listener was there first.
import "./menus.js";
import "./copy.js";
import "./shortcuts.js";
import { connect } from "./live.js";
import "./inbox.js";
import "./recent.js";
import "./orders.js";
import "./order_filters.js";
import "./minute.js";
import "./push.js";
import "./typed.js";
import "./focus_kept.js";
import "./highlight.js";
import "./reload.js";
import "./kept_open.js";
import "./worker.js";

document.addEventListener("DOMContentLoaded", connect);
