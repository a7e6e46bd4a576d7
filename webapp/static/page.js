// The entry point of every signed-in page. htmx starts at DOMContentLoaded, so all listeners below exist before the stream.
import "./menus.js";
import "./copy.js";
import { connect } from "./live.js";
import "./inbox.js";
import "./recent.js";
import "./orders.js";
import "./minute.js";
import "./typed.js";
import "./highlight.js";

connect();
