// A short sound of two tones, made here. Browsers play it only after the user has clicked or typed in the page.
const TONES_HZ = [880, 1_318.5]; // "ding, dong" upwards: A5, E6
const TONE_SECONDS = 0.35;
const LOUDNESS = 0.2;
const LATE_MS = 500;

let audio = null;

for (const event of ["pointerdown", "keydown"]) window.addEventListener(event, prepare, { capture: true });

async function prepare() {
  if (!("AudioContext" in window)) return;
  audio ??= new AudioContext();
  if (audio.state === "suspended") await audio.resume();
}

// A sound that would be late is not played: without a gesture the browser waits for one.
export async function playSound() {
  if (!audio) return;
  await Promise.race([prepare(), new Promise((resolve) => setTimeout(resolve, LATE_MS))]);
  if (audio.state !== "running") return;
  TONES_HZ.forEach((frequency, number) => tone(frequency, audio.currentTime + (number * TONE_SECONDS) / 2));
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
