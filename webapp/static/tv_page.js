// The values that the server wrote into the page, and the server's clock.
export const page = document.getElementById("tv").dataset;

let offset = Date.now() - Number(page.now); // this clock minus the server's

export const serverNow = () => Date.now() - offset;

export function setServerClock(now) {
  if (now > 0) offset = Date.now() - now;
}
