"""GET /v1/ws: the handshake, frames in the manner of the Autobahn suite's cases, questions and events, bounds."""
import base64
import hashlib
import json
import struct
import time
import unittest

from serving import Server, ServeCase, revenue_of
from websocket import BINARY, CLOSE, CONTINUE, PING, PONG, TEXT, WebSocket

PING_TEXT = '{"type":"ping"}'


class SocketCase(ServeCase):
    def open(self, **headers):
        peer = WebSocket(self.server.port, headers)
        self.addCleanup(peer.close)
        self.assertEqual(peer.status, 101, peer.headers)
        return peer

    def assert_alive(self, peer):
        peer.send(TEXT, PING_TEXT)
        self.assertEqual(peer.hear(), {"event": "pong"})

    def assert_closed(self, peer, *codes):
        self.assertIn(peer.close_code(), codes)


class Handshake(SocketCase):
    def test_it_is_accepted(self):
        peer = self.open()
        accept = base64.b64encode(hashlib.sha1((peer.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        self.assertEqual((peer.headers["sec-websocket-accept"], peer.headers["upgrade"].lower()), (accept, "websocket"))
        self.assert_alive(peer)

    def test_what_is_no_handshake_is_refused(self):
        for headers in ({"Sec-WebSocket-Version": "12"}, {"Sec-WebSocket-Version": None}, {"Sec-WebSocket-Key": None}, {"Sec-WebSocket-Key": "short"},
                        {"Upgrade": "h2c"}, {"Upgrade": None}, {"Connection": "keep-alive"}):
            peer = WebSocket(self.server.port, headers)
            self.assertEqual(peer.status, 426, headers)
            peer.close()
        for headers in ({"Origin": "https://example.com"}, {"Host": "example.com"}):
            peer = WebSocket(self.server.port, headers)
            self.assertEqual(peer.status, 403, headers)
            peer.close()
        self.assert_problem(self.server.get("/v1/ws"), 426, "upgrade_required")
        self.open(Origin="http://localhost:5173", Connection="keep-alive, Upgrade")

    def test_frames_right_behind_the_handshake(self):
        key = base64.b64encode(b"0123456789abcdef").decode()
        peer = WebSocket.__new__(WebSocket)
        import socket
        peer.peer, peer.received = socket.create_connection(("127.0.0.1", self.server.port), timeout=30), b""
        self.addCleanup(peer.close)
        peer.peer.sendall(f"GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          f"Sec-WebSocket-Key: {key}\r\n\r\n".encode() + WebSocket.frame(TEXT, PING_TEXT))
        _, _, peer.received = peer.until(b"\r\n\r\n")
        self.assertEqual(peer.hear(), {"event": "pong"})


class Frames(SocketCase):
    def test_lengths(self):
        for size in (0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 200_000):  # 1.1
            peer = self.open()
            text = '{"type":"ping","ref":"r"' + " " * size + "}"
            peer.send(TEXT, text)
            self.assertEqual(peer.hear(), {"ref": "r", "event": "pong"}, size)

    def test_byte_by_byte(self):
        peer = self.open()  # 1.1.8
        for byte in WebSocket.frame(TEXT, PING_TEXT):
            peer.peer.sendall(bytes([byte]))
        self.assertEqual(peer.hear(), {"event": "pong"})

    def test_binary_messages(self):
        for payload in (b"", b"\x00\xff", b"x" * 70_000):  # 1.2
            peer = self.open()
            peer.send(BINARY, payload)
            self.assert_closed(peer, 1003)

    def test_pings(self):
        peer = self.open()  # 2.1-2.4
        for payload in (b"", b"hello", b"\x00\xff\xfe", b"x" * 125):
            peer.send(PING, payload)
            self.assertEqual(peer.receive(), (PONG, payload))
        peer.send(PONG, b"nobody asked")  # 2.7-2.9
        self.assert_alive(peer)
        for i in range(10):  # 2.10
            peer.send(PING, str(i))
        self.assertEqual([peer.receive() for _ in range(10)], [(PONG, str(i).encode()) for i in range(10)])
        peer.send(PING, b"x" * 126)  # 2.5
        self.assert_closed(peer, 1002, None)

    def test_reserved_bits_and_opcodes(self):
        for rsv in (1, 2, 3, 4, 5, 6, 7):  # 3
            peer = self.open()
            peer.send(TEXT, PING_TEXT, rsv=rsv)
            self.assert_closed(peer, 1002, None)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):  # 4
            peer = self.open()
            peer.send(opcode, b"x")
            self.assert_closed(peer, 1002, None)

    def test_fragments(self):
        peer = self.open()  # 5.3-5.8
        for pieces in (2, 3, len(PING_TEXT)):
            step = -(-len(PING_TEXT) // pieces)
            parts = [PING_TEXT[i:i + step] for i in range(0, len(PING_TEXT), step)]
            for i, part in enumerate(parts):
                peer.send(CONTINUE if i else TEXT, part, fin=i == len(parts) - 1)
                if i < len(parts) - 1:
                    peer.send(PING, b"between")  # a control frame may stand between
                    self.assertEqual(peer.receive(), (PONG, b"between"))
            self.assertEqual(peer.hear(), {"event": "pong"})
        peer.send(TEXT, "", fin=False)  # 6.1: empty pieces
        peer.send(CONTINUE, PING_TEXT, fin=False)
        peer.send(CONTINUE, "")
        self.assertEqual(peer.hear(), {"event": "pong"})

    def test_fragments_that_are_wrong(self):
        for frames in ([(PING, b"x", False)], [(PONG, b"x", False)], [(CLOSE, b"", False)],  # 5.1, 5.2
                       [(CONTINUE, b"x", True)], [(CONTINUE, b"x", False)],                # 5.9-5.14
                       [(TEXT, b"a", False), (TEXT, b"b", True)]):                         # 5.18
            peer = self.open()
            for opcode, payload, fin in frames:
                peer.send(opcode, payload, fin=fin)
            self.assert_closed(peer, 1002, None)

    def test_text_that_is_not_utf8(self):
        good = "κόσμε 🛒 日本".encode()
        peer = self.open()  # 6.2, 6.5
        text = json.dumps({"type": "ping", "ref": good.decode()[:20]}, ensure_ascii=False).encode()
        for i, byte in enumerate(text):
            peer.send(CONTINUE if i else TEXT, bytes([byte]), fin=i == len(text) - 1)
        self.assertEqual(peer.hear()["ref"], good.decode()[:20])
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", b"\xe2\x82"):
            peer = self.open()  # 6.3, 6.4, 6.6-6.23
            peer.send(TEXT, bad)
            self.assert_closed(peer, 1007, None)
        peer = self.open()
        peer.send(TEXT, b"\xce\xba\xf4", fin=False)
        peer.send(CONTINUE, b"\x90\x80\x80")
        self.assert_closed(peer, 1007, None)

    def test_closing(self):
        for payload, codes in ((b"", (0, 1000, 1005)), (struct.pack(">H", 1000), (1000,)), (struct.pack(">H", 1000) + b"bye", (1000,)),  # 7.1, 7.3
                               (struct.pack(">H", 3000), (3000,)), (struct.pack(">H", 4999), (4999,)),                                  # 7.7
                               (struct.pack(">H", 1000) + b"x" * 123, (1000,))):
            peer = self.open()
            peer.send(CLOSE, payload)
            self.assert_closed(peer, *codes)
            peer = self.open()
            peer.send(CLOSE, payload)
            peer.send(TEXT, PING_TEXT)  # nothing is heard after a close
            self.assert_closed(peer, *codes, None)
        for payload in (b"\x03", struct.pack(">H", 1000) + b"x" * 124, struct.pack(">H", 1000) + b"\xff",                                # 7.3, 7.5
                        *(struct.pack(">H", code) for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999))):                      # 7.9
            peer = self.open()
            peer.send(CLOSE, payload)
            self.assert_closed(peer, 1002, 1007, None)

    def test_what_is_not_masked(self):
        peer = self.open()
        peer.send(TEXT, PING_TEXT, masked=False)
        self.assert_closed(peer, 1002, None)

    def test_messages_that_are_too_large(self):
        for size in (300_000, 10_000_000, 2**40, 2**63 - 1):  # 9, and beyond
            peer = self.open()
            peer.send(TEXT, b"x" * 100, length=size)
            self.assert_closed(peer, 1009, 1002, None)
        peer = self.open()
        try:
            for i in range(2000):  # in pieces
                peer.send(CONTINUE if i else TEXT, b"x" * 1000, fin=False)
        except OSError:
            pass  # it is closed on us
        self.assert_closed(peer, 1009, None)

    def test_noise_does_no_harm(self):
        for noise in (b"\x00" * 1000, b"\xff" * 1000, b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 20):
            peer = self.open()
            peer.peer.sendall(noise)
            self.assertIn(peer.close_code(), (1002, 1003, 1007, 1009, 0, None))
        self.assert_alive(self.open())


class Messages(SocketCase):
    def test_questions_and_their_events(self):
        peer = self.open()
        peer.say(type="ask", ref="1", question="revenue by drink in May 2023")
        told = peer.hear_until("done", "error")
        self.assertEqual([one["event"] for one in told if one["event"] != "running"], ["accepted", "understood", "result", "sentences", "done"])
        self.assertEqual({one["ref"] for one in told}, {"1"})
        self.assertEqual({one["id"] for one in told}, {told[0]["data"]["id"]})
        self.assertEqual([one["seq"] for one in told], sorted(one["seq"] for one in told))
        self.assertEqual(told[-1]["data"]["status"], "answered")
        peer.say(type="query", ref="2", query={"metrics": ["revenue"], "filters": [{"field": "drink", "values": ["Tea"]}]})
        done = peer.hear_until("done")[-1]
        self.assertAlmostEqual(done["data"]["rows"][0][0], revenue_of(3, "Tea"), places=6)
        peer.say(type="resume", ref="3", id=told[0]["id"], after=told[-2]["seq"])
        again = peer.hear()
        self.assertEqual((again["ref"], again["event"], again["data"]), ("3", "done", told[-1]["data"]))

    def test_several_questions_in_flight(self):
        peer = self.open()
        for i in range(12):
            peer.say(type="ask", ref=str(i), question=f"revenue by region on {1 + i} March 2023")
        done = {}
        while len(done) < 12:
            message = peer.hear()
            if message["event"] == "done":
                done[message["ref"]] = message["data"]
        for i in range(12):
            self.assertEqual(done[str(i)]["question"], f"revenue by region on {1 + i} March 2023")

    def test_what_makes_no_sense_is_said_and_forgiven(self):
        peer = self.open()
        for text in ("", "{", "[]", "null", '"x"', "{}", '{"type":"dance"}', '{"type":5}', '{"type":"ask"}', '{"type":"ask","question":""}',
                     '{"type":"ask","question":"a","extra":1}', '{"type":"ask","question":"%s"}' % ("x" * 2001), '{"type":"query","query":{"metrics":5}}',
                     '{"type":"ping","ref":5}', '{"type":"ping","ref":"%s"}' % ("x" * 65), '{"type":"ask","question":"\\u0000"}', "[" * 500 + "]" * 500):
            peer.send(TEXT, text)
            message = peer.hear()
            self.assertEqual((message["event"], message["data"]["status"], message["data"]["code"]), ("error", 400, "invalid_argument"), text[:60])
        for kind in ("cancel", "resume"):
            peer.say(type=kind, ref="9", id="a_0000")
            self.assertEqual((peer.hear()["data"]["code"]), "not_found")
        self.assert_alive(peer)

    def test_cancel(self):
        peer = self.open()
        for i in range(8):
            peer.say(type="ask", ref=str(i), question=f"revenue and units by region and drink on {1 + i} April 2023")
        ids = {}
        while len(ids) < 8:
            message = peer.hear()
            ids.setdefault(message["ref"], message["id"])
        for ident in ids.values():
            peer.say(type="cancel", id=ident)
        peer.say(type="ping", ref="end")
        while peer.hear().get("ref") != "end":
            pass
        self.assert_alive_after_events(peer)

    def assert_alive_after_events(self, peer):
        peer.say(type="ping", ref="last")
        while True:
            message = peer.hear()
            if message.get("ref") == "last":
                return
            self.assertIn(message["event"], ("understood", "running", "result", "sentences", "done", "error"))

    def test_flights_are_bounded(self):
        server = Server(self.workspace, "--workers", "1", "--queue", "64", "--cache", "0")
        self.addCleanup(server.stop)
        peer = WebSocket(server.port)
        self.addCleanup(peer.close)
        for i in range(60):
            peer.say(type="ask", ref=str(i), question=f"revenue and units by region and drink on {1 + i % 28} March 2023")
        ends = {}
        while len(ends) < 60:
            message = peer.hear()
            if message["event"] in ("done", "error"):
                ends[message["ref"]] = message
        refused = [end for end in ends.values() if end["event"] == "error"]
        self.assertTrue(refused)
        self.assertEqual({end["data"]["code"] for end in refused}, {"busy"})
        self.assertGreaterEqual(len(ends) - len(refused), 16)

    def test_a_client_that_does_not_read(self):
        peer = self.open()
        peer.peer.settimeout(2)
        sent = 0
        try:
            for sent in range(400_000):
                peer.send(PING, b"x" * 100)
        except OSError:
            pass  # the server reads no more than it can answer
        self.assertLess(sent, 400_000 - 1)
        self.assert_alive(self.open())

    def test_stopping_says_good_bye(self):
        server = Server(self.workspace)
        self.addCleanup(server.stop)
        peers = [WebSocket(server.port) for _ in range(5)]
        for peer in peers:
            self.assert_alive(peer)  # it is wholly open
        peers[0].say(type="ask", question="revenue by region")
        server.process.terminate()
        started = time.monotonic()
        for peer in peers:
            self.assertIn(peer.close_code(), (1001,))
            peer.send(CLOSE, struct.pack(">H", 1001))
            peer.close()
        self.assertEqual(server.process.wait(timeout=30), 0)
        self.assertLess(time.monotonic() - started, 25)


if __name__ == "__main__":
    unittest.main()
