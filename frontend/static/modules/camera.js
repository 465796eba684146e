// Reads the QR code with the camera and opens the certificate's page. A browser with a code reader of its own keeps the pictures
// to itself; another one sends them to our server to be read, one after the other, and the page says so beforehand.
// Only the path and the part after # of what was read are used: a code that names another host still leads to ours.

const CERTIFICATE = /^\/c\/[A-Za-z0-9-]{8,40}$/;
const PAUSE_MS = { here: 150, there: 600 };
const SENT_WIDTH = 960;

const section = document.getElementById("camera");
const picture = document.getElementById("camera-picture");

const reader = await ownReader();
if (navigator.mediaDevices !== undefined) {
  section.hidden = false;
  section.querySelector(reader ? "[data-pictures=stay]" : "[data-pictures=sent]").hidden = false;
}
document.getElementById("camera-start").addEventListener("click", start);

async function ownReader() {
  if (!("BarcodeDetector" in window)) return null;
  const formats = await BarcodeDetector.getSupportedFormats();
  return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
}

async function start() {
  try {
    const wish = { facingMode: "environment", width: { ideal: 1280 } };
    picture.srcObject = await navigator.mediaDevices.getUserMedia({ video: wish });
    picture.hidden = false;
    await picture.play();
  } catch {
    document.getElementById("camera-refused").hidden = false;
    return;
  }
  look();
}

async function look() {
  for (const text of reader ? await readHere() : await readThere()) {
    if (!URL.canParse(text)) continue;
    const { pathname, hash } = new URL(text);
    if (CERTIFICATE.test(pathname)) {
      for (const track of picture.srcObject.getTracks()) track.stop();
      location.assign(pathname + hash);
      return;
    }
  }
  setTimeout(look, reader ? PAUSE_MS.here : PAUSE_MS.there);
}

async function readHere() {
  return (await reader.detect(picture)).map(({ rawValue }) => rawValue);
}

async function readThere() {
  if (document.hidden) return [];
  const shrunk = Math.min(1, SENT_WIDTH / picture.videoWidth);
  const canvas = new OffscreenCanvas(picture.videoWidth * shrunk, picture.videoHeight * shrunk);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const body = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
  const answer = await fetch(section.dataset.reader, { method: "POST", body }).catch(() => null);
  return answer?.status === 200 ? [await answer.text()] : [];
}
