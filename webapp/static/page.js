// What every signed-in page runs. htmx starts at DOMContentLoaded, so all listeners below are in place before the stream is.
import "./menus.js";
import { connect } from "./live.js";
import "./inbox.js";
import "./recent.js";
import "./orders.js";
import "./minute.js";
import "./typed.js";
import "./highlight.js";

connect();
