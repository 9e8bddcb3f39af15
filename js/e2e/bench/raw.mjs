/** A data channel of the browsers' own between two tabs, to compare with. */

/** Sends as many bytes in messages of this size; resolves to bytes per second. */
export async function rawTransfer(from, to, bytes, size) {
  const offer = await from.run(async () => {
    window.raw = new RTCPeerConnection();
    window.gathered = () =>
      new Promise((resolve) => {
        const look = () => raw.iceGatheringState === 'complete' && resolve(raw.localDescription.sdp);
        raw.onicegatheringstatechange = look;
        look();
      });
    window.channel = raw.createDataChannel('raw');
    channel.binaryType = 'arraybuffer';
    await raw.setLocalDescription();
    return gathered();
  });
  const answer = await to.run(
    async ({ sdp, bytes }) => {
      window.raw = new RTCPeerConnection();
      raw.ondatachannel = ({ channel }) => {
        channel.binaryType = 'arraybuffer';
        let got = 0;
        channel.onmessage = ({ data }) => {
          got += data.byteLength;
          if (got === bytes) channel.send('all');
        };
      };
      await raw.setRemoteDescription({ type: 'offer', sdp });
      await raw.setLocalDescription();
      return new Promise((resolve) => {
        const look = () => raw.iceGatheringState === 'complete' && resolve(raw.localDescription.sdp);
        raw.onicegatheringstatechange = look;
        look();
      });
    },
    { sdp: offer, bytes },
  );
  const seconds = await from.run(
    async ({ sdp, bytes, size }) => {
      await raw.setRemoteDescription({ type: 'answer', sdp });
      if (channel.readyState !== 'open') await new Promise((resolve) => (channel.onopen = resolve));
      const part = new Uint8Array(size);
      channel.bufferedAmountLowThreshold = 1 << 20;
      const all = new Promise((resolve) => (channel.onmessage = resolve));
      const begin = performance.now();
      for (let sent = 0; sent < bytes; ) {
        while (sent < bytes && channel.bufferedAmount < 4 << 20) {
          channel.send(part);
          sent += size;
        }
        if (sent < bytes) await new Promise((resolve) => (channel.onbufferedamountlow = resolve));
      }
      await all;
      return (performance.now() - begin) / 1000;
    },
    { sdp: answer, bytes, size },
  );
  for (const tab of [from, to]) await tab.run(() => raw.close());
  return bytes / seconds;
}
