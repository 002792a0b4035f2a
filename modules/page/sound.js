// A pen on paper, for those who switch it on.

let context = null;

function scratch({ at, length, pitch, loudness }) {
  const samples = Math.floor(length * context.sampleRate);
  const buffer = context.createBuffer(1, samples, context.sampleRate);
  const wave = buffer.getChannelData(0);
  for (let i = 0; i < samples; i++) wave[i] = (Math.random() * 2 - 1) * Math.sin((Math.PI * i) / samples);

  const source = new AudioBufferSourceNode(context, { buffer });
  const filter = new BiquadFilterNode(context, { type: "bandpass", frequency: pitch, Q: 1.4 });
  const gain = new GainNode(context, { gain: loudness });
  source.connect(filter).connect(gain).connect(context.destination);
  source.start(context.currentTime + at);
}

const SCORES = {
  x: [
    { at: 0, length: 0.13, pitch: 2400, loudness: 0.35 },
    { at: 0.19, length: 0.13, pitch: 2900, loudness: 0.35 },
  ],
  o: [{ at: 0, length: 0.34, pitch: 1900, loudness: 0.3 }],
  end: [{ at: 0.35, length: 0.5, pitch: 1100, loudness: 0.4 }],
};

// switchSound must be called from a click: browsers allow sound only then.
export function switchSound(on) {
  context?.close();
  context = on ? new AudioContext() : null;
}

// playSound plays "x", "o" or "end", if the sound is on.
export function playSound(name) {
  if (context) SCORES[name].forEach(scratch);
}
