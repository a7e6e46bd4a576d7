// The entry point of a TV's page (webapp/routes/tv.py): the stream, the screens and their rotation, and the room.
import { connect } from "./tv_stream.js";
import { fetchInTime, rotate } from "./tv_screens.js";
import { reloadAtNight } from "./tv_reload.js";
import { begin } from "./tv_room.js";
import { show } from "./tv_state.js";

begin();
show();
connect();
fetchInTime();
rotate();
reloadAtNight();
