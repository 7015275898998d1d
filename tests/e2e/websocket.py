"""A WebSocket client that can also do what it should not."""
import base64
import json
import os
import socket
import struct

CONTINUE, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class WebSocket:
    def __init__(self, port, headers=None, timeout=30):
        self.peer = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.received = b""
        fields = {"Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), **(headers or {})}
        self.key = fields["Sec-WebSocket-Key"]
        head = "GET /v1/ws HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
        self.peer.sendall(head.encode() + b"\r\n")
        head, _, self.received = self.until(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}

    def until(self, mark):
        while mark not in self.received:
            piece = self.peer.recv(65536)
            if not piece:
                raise EOFError
            self.received += piece
        return self.received.partition(mark)

    def take(self, n):
        while len(self.received) < n:
            piece = self.peer.recv(65536)
            if not piece:
                raise EOFError
            self.received += piece
        taken, self.received = self.received[:n], self.received[n:]
        return taken

    @staticmethod
    def frame(opcode, payload=b"", fin=True, rsv=0, masked=True, length=None):
        payload = payload.encode() if isinstance(payload, str) else payload
        size = len(payload) if length is None else length
        head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        mask_bit = 0x80 if masked else 0
        if size < 126:
            head += bytes([mask_bit | size])
        elif size < 65536:
            head += bytes([mask_bit | 126]) + struct.pack(">H", size)
        else:
            head += bytes([mask_bit | 127]) + struct.pack(">Q", size)
        if not masked:
            return head + payload
        mask = os.urandom(4)
        return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))

    def send(self, opcode, payload=b"", **more):
        self.peer.sendall(self.frame(opcode, payload, **more))

    def say(self, **message):
        self.send(TEXT, json.dumps(message))

    def receive(self):
        """(opcode, payload) of the next frame; the server never masks nor splits."""
        first, second = self.take(2)
        assert first & 0x70 == 0 and second & 0x80 == 0, (first, second)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return first & 0x0F, self.take(size)

    def hear(self):
        """The next message; pings are answered."""
        while True:
            opcode, payload = self.receive()
            if opcode == PING:
                self.send(PONG, payload)
            elif opcode == TEXT:
                return json.loads(payload)
            else:
                raise AssertionError((opcode, payload))

    def hear_until(self, *events):
        heard = []
        while not heard or heard[-1]["event"] not in events:
            heard.append(self.hear())
        return heard

    def close_code(self):
        """What the server closes with; 0 without a code, None when it just ends."""
        try:
            while True:
                opcode, payload = self.receive()
                if opcode == CLOSE:
                    return struct.unpack(">H", payload[:2])[0] if payload else 0
        except (EOFError, ConnectionError):
            return None

    def close(self):
        self.peer.close()
