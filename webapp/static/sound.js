// A short sound of two tones, made here. Browsers play it only after the user has clicked or typed in the page.
const TONES_HZ = [880, 1_318.5]; // "ding, dong" upwards: A5, E6
const TONE_SECONDS = 0.35;
const LOUDNESS = 0.2;

let audio = null;

for (const event of ["pointerdown", "keydown"]) window.addEventListener(event, prepare, { capture: true });

function prepare() {
  if (!("AudioContext" in window)) return;
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
}

// Returns whether the browser plays it.
export function playSound() {
  if (audio?.state !== "running") return false;
  TONES_HZ.forEach((frequency, number) => tone(frequency, audio.currentTime + (number * TONE_SECONDS) / 2));
  return true;
}

function tone(frequency, start) {
  const oscillator = new OscillatorNode(audio, { frequency });
  const gain = new GainNode(audio, { gain: 0 });
  gain.gain.setValueAtTime(LOUDNESS, start);
  gain.gain.exponentialRampToValueAtTime(0.001, start + TONE_SECONDS);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(start);
  oscillator.stop(start + TONE_SECONDS);
}
