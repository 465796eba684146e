// Reads the QR code with the camera where the browser has a code reader of its own, and opens the certificate's page.
// Only the path and the part after # of what was read are used: a code that names another host still leads to ours.

const CERTIFICATE = /^\/c\/[A-Za-z0-9-]{8,40}$/;

const section = document.getElementById("camera");
const picture = document.getElementById("camera-picture");

if ("BarcodeDetector" in window && navigator.mediaDevices !== undefined) {
  const formats = await BarcodeDetector.getSupportedFormats();
  if (formats.includes("qr_code")) section.hidden = false;
}
document.getElementById("camera-start").addEventListener("click", start);

async function start() {
  try {
    picture.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    picture.hidden = false;
    await picture.play();
    look(new BarcodeDetector({ formats: ["qr_code"] }));
  } catch {
    document.getElementById("camera-refused").hidden = false;
  }
}

async function look(reader) {
  for (const { rawValue } of await reader.detect(picture)) {
    if (!URL.canParse(rawValue)) continue;
    const { pathname, hash } = new URL(rawValue);
    if (CERTIFICATE.test(pathname)) {
      for (const track of picture.srcObject.getTracks()) track.stop();
      location.assign(pathname + hash);
      return;
    }
  }
  setTimeout(() => look(reader), 150);
}
