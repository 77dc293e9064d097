"""The conformance kit, judged by another language: hashlib, Python's integers, and the AES of tgcrypto."""

import gzip
import hashlib
import hmac
import json
import struct
from pathlib import Path

import tgcrypto

KIT = Path(__file__).parents[2] / "conformance"
RANGE = 1 << (2048 - 64)


def load(name):
    return json.loads((KIT / name).read_text())


def raw(text):
    return bytes.fromhex(text)


def sha1(*parts):
    return hashlib.sha1(b"".join(parts)).digest()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def long(data):
    return struct.unpack("<q", data)[0]


def number(data):
    return int.from_bytes(data, "big")


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def tl_bytes(data, at):
    """The string that begins at a place, and where it ends."""
    if data[at] < 254:
        head, length = 1, data[at]
    else:
        head, length = 4, int.from_bytes(data[at + 1 : at + 4], "little")
    end = at + head + length
    return data[at + head : end], end + -(head + length) % 4


def kdf(version, sender, key, msg_key):
    x = 0 if sender == "client" else 8
    if version == 2:
        a = sha256(msg_key, key[x : x + 36])
        b = sha256(key[40 + x : 76 + x], msg_key)
        return a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:]
    a = sha1(msg_key, key[x : x + 32])
    b = sha1(key[32 + x : 48 + x], msg_key, key[48 + x : 64 + x])
    c = sha1(key[64 + x : 96 + x], msg_key)
    d = sha1(msg_key, key[96 + x : 128 + x])
    return a[:8] + b[8:20] + c[4:16], a[8:20] + b[:8] + c[16:] + d[:8]


def tmp_aes(new_nonce, server_nonce):
    a, b, c = sha1(new_nonce, server_nonce), sha1(server_nonce, new_nonce), sha1(new_nonce, new_nonce)
    return a + b[:12], b[12:] + c + new_nonce[:4]


def test_keys_are_derived_as_the_documents_say():
    """M-122, M-136, M-140, M-142, M-173, M-184"""
    for case in load("keys.json"):
        key, new_nonce, server_nonce = (raw(case[name]) for name in ("auth_key", "new_nonce", "server_nonce"))
        digest = sha1(key)
        assert long(digest[12:]) == int(case["auth_key_id"])
        assert long(digest[:8]) == int(case["auth_key_aux_hash"])
        for n in (1, 2, 3):
            assert sha1(new_nonce, bytes([n]), digest[:8])[4:] == raw(case[f"new_nonce_hash{n}"])
        assert tmp_aes(new_nonce, server_nonce) == (raw(case["tmp_aes_key"]), raw(case["tmp_aes_iv"]))
        assert long(xor(new_nonce[:8], server_nonce[:8])) == int(case["first_salt"])
        for keys in case["message_keys"]:
            aes = kdf(keys["version"], keys["from"], key, raw(case["msg_key"]))
            assert aes == (raw(keys["aes_key"]), raw(keys["aes_iv"])), (keys["version"], keys["from"])


def hash_of(version, sender, key, plain, bare):
    """The hash of a message: msg_key and quick-ack token are parts of it."""
    if version == 1:
        return sha1(bare)
    x = 0 if sender == "client" else 8
    return sha256(key[88 + x : 120 + x], plain)


def seal(version, key, packet):
    body, padding = raw(packet["body"]), b"".join(raw(draw["hex"]) for draw in packet["draws"])
    words = (int(packet[name]) for name in ("salt", "session_id", "msg_id"))
    bare = struct.pack("<qqqii", *words, packet["seqno"], len(body)) + body
    digest = hash_of(version, packet["from"], key, bare + padding, bare)
    msg_key = digest[4:20] if version == 1 else digest[8:24]
    token = struct.unpack("<I", digest[:4])[0] | 1 << 31
    cipher = tgcrypto.ige256_encrypt(bare + padding, *kdf(version, packet["from"], key, msg_key))
    return sha1(key)[12:] + msg_key + cipher, token


def opens(key, sender, packet):
    """The body of a 2.0 packet, or None if it has to be refused."""
    cipher = packet[24:]
    if packet[:8] != sha1(key)[12:] or len(cipher) < 44 or len(cipher) % 16:
        return None
    plain = tgcrypto.ige256_decrypt(cipher, *kdf(2, sender, key, packet[8:24]))
    if hash_of(2, sender, key, plain, b"")[8:24] != packet[8:24]:
        return None
    length = struct.unpack("<i", plain[28:32])[0]
    padding = len(plain) - 32 - length
    good = length >= 0 and length % 4 == 0 and 12 <= padding <= 1024
    return plain[32 : 32 + length] if good else None


def test_packets_are_sealed_alike_and_bad_ones_refused():
    """M-171, M-172, M-177, M-178, M-183; tokens of quick acks M-038, M-039"""
    for version in (1, 2):
        file = load(f"packets_v{version}.json")
        key = raw(file["auth_key"])
        for packet in file["packets"]:
            assert seal(version, key, packet) == (raw(packet["packet"]), packet["quick_ack"])
            if version == 2:
                assert opens(key, packet["from"], raw(packet["packet"])) == raw(packet["body"])
        for packet in file["refused"]:
            assert opens(key, packet["from"], raw(packet["packet"])) is None, packet["why"]


def rsa_pad(data, padding, temp_key, n, e):
    padded = data + padding
    assert len(padded) == 192
    cipher = tgcrypto.ige256_encrypt(padded[::-1] + sha256(temp_key, padded), temp_key, bytes(32))
    masked = xor(temp_key, sha256(cipher)) + cipher
    return pow(number(masked), e, n).to_bytes(256, "big") if number(masked) < n else None


def check_handshake(file):
    draws = {}
    for message in file["messages"]:
        for draw in message["draws"]:
            draws.setdefault(draw["name"], []).append(raw(draw["hex"]))
    derived = {name: raw(value) for name, value in file["derived"].items() if name not in NUMBERS}
    numbers = {name: int(file["derived"][name]) for name in NUMBERS}
    bodies = {message["name"]: raw(message["payload"]) for message in file["messages"]}
    for payload in bodies.values():
        assert payload[:8] == bytes(8) and struct.unpack("<i", payload[16:20])[0] == len(payload) - 20
    n, e = (number(raw(file["server_key"][name])) for name in "ne")
    nonce, server_nonce, new_nonce = (draws[name][0] for name in ("nonce", "server_nonce", "new_nonce"))
    # resPQ, and the proof of work.
    assert bodies["resPQ"][24:56] == nonce + server_nonce
    p, q = number(derived["p"]), number(derived["q"])
    assert p < q and p * q == number(derived["pq"]) == number(tl_bytes(bodies["resPQ"], 56)[0])
    # The fingerprint: both numbers as TL strings without a constructor.
    modulus, exponent = raw(file["server_key"]["n"]), raw(file["server_key"]["e"])
    bare = b"\xfe" + len(modulus).to_bytes(3, "little") + modulus + bytes([len(exponent)]) + exponent
    assert long(sha1(bare)[12:]) == int(file["server_key"]["fingerprint"])
    # req_DH_params.
    inner = derived["inner_data"]
    assert nonce + server_nonce + new_nonce in inner
    encrypted = bodies["req_DH_params"][-256:]
    if file["rsa_scheme"] == "rsa_pad":
        tries = [rsa_pad(inner, draws["data_padding"][0], key, n, e) for key in draws["temp_key"]]
        assert tries[-1] == encrypted and not any(tries[:-1])
    else:
        data = sha1(inner) + inner + draws["data_padding"][0]
        assert len(data) == 255 and pow(number(data), e, n).to_bytes(256, "big") == encrypted
    # server_DH_params_ok.
    aes = tmp_aes(new_nonce, server_nonce)
    assert aes == (derived["tmp_aes_key"], derived["tmp_aes_iv"])
    offer = derived["server_dh_inner_data"]
    answer, _ = tl_bytes(bodies["server_DH_params_ok"], 20 + 4 + 32)
    assert tgcrypto.ige256_encrypt(sha1(offer) + offer + draws["answer_padding"][0], *aes) == answer
    g = struct.unpack("<i", offer[36:40])[0]
    prime, at = tl_bytes(offer, 40)
    g_a, at = tl_bytes(offer, at)
    assert struct.unpack("<i", offer[at : at + 4])[0] == file["now"]
    prime = number(prime)
    assert number(g_a) == pow(g, number(draws["a"][-1]), prime)
    # set_client_DH_params: the last attempt.
    share = derived["client_dh_inner_data"]
    sealed, _ = tl_bytes(bodies["set_client_DH_params"], 20 + 4 + 32)
    assert tgcrypto.ige256_encrypt(sha1(share) + share + draws["padding"][-1], *aes) == sealed
    g_b, _ = tl_bytes(share, 44)
    assert number(g_b) == pow(g, number(draws["b"][-1]), prime)
    for public in (number(g_a), number(g_b)):
        assert RANGE <= public <= prime - RANGE
    key = pow(number(g_b), number(draws["a"][-1]), prime).to_bytes(256, "big")
    assert key == pow(number(g_a), number(draws["b"][-1]), prime).to_bytes(256, "big") == derived["auth_key"]
    digest = sha1(key)
    assert long(digest[12:]) == numbers["auth_key_id"] and long(digest[:8]) == numbers["auth_key_aux_hash"]
    proof = sha1(new_nonce, b"\x01", digest[:8])[4:]
    assert proof == derived["new_nonce_hash1"] == bodies["dh_gen_ok"][-16:]
    assert long(xor(new_nonce[:8], server_nonce[:8])) == numbers["first_salt"]
    return share[36:44]


NUMBERS = ("auth_key_id", "auth_key_aux_hash", "first_salt")


def test_handshakes_are_computed_again_from_their_draws():
    """M-092 … M-142"""
    for path in sorted(KIT.glob("handshake_*.json")):
        retry_id = check_handshake(json.loads(path.read_text()))
        assert (retry_id != bytes(8)) == (path.stem == "handshake_retry"), "M-133"


def test_obfuscated_streams_are_the_plain_ones_in_aes_ctr():
    """M-073 … M-081"""
    plain = {stream["framing"]: stream for stream in load("framings.json")}
    tags = {"abridged": b"\xef" * 4, "intermediate": b"\xee" * 4, "padded": b"\xdd" * 4}
    for stream in load("obfuscation.json"):
        cover = stream["obfuscation"]
        header = raw(cover["header"])
        *forbidden, drawn = (raw(draw["hex"]) for draw in cover["draws"])
        assert header[:56] == drawn[:56] and all(bad[:8] != header[:8] for bad in forbidden)
        out = {}
        for name, start in (("client", header), ("server", header[::-1])):
            key, iv = start[8:40], start[40:56]
            if cover["secret"]:
                key = sha256(key, raw(cover["secret"]))
            state = bytearray(1)
            out[name] = tgcrypto.ctr256_encrypt(raw(stream[name]["wire"]), key, iv, state)
        assert out["client"][56:62] == tags[stream["framing"]] + struct.pack("<h", cover["dc"])
        if stream["framing"] != "padded":
            # Without its tag, which stands in the header.
            tag = {"abridged": 1, "intermediate": 4}[stream["framing"]]
            assert out["client"][64:] == raw(plain[stream["framing"]]["client"]["wire"])[tag:]
            assert out["server"] == raw(plain[stream["framing"]]["server"]["wire"])


def test_fake_tls_proves_its_secret_in_both_directions():
    """M-341, M-342, M-346, M-347"""
    for case in load("fake_tls.json"):
        secret, hello, flight = (raw(case[name]) for name in ("secret", "client_hello", "server_flight"))
        blank = hello[:11] + bytes(32) + hello[43:]
        proof = hmac.digest(secret, blank, "sha256")
        assert hello[:3] == b"\x16\x03\x01" and hello[11:39] == proof[:28]
        assert int.from_bytes(xor(hello[39:43], proof[28:]), "little") == case["now"]
        blank = flight[:11] + bytes(32) + flight[43:]
        assert flight[11:43] == hmac.digest(secret, hello[11:43] + blank, "sha256")
        assert flight[43:76] == hello[43:76]


def test_containers_and_gzip_are_what_they_say():
    """M-258, M-269"""
    file = load("containers.json")
    for case in file["containers"]:
        body = struct.pack("<Ii", 0x73F1F8DC, len(case["messages"]))
        for message in case["messages"]:
            inner = raw(message["body"])
            body += struct.pack("<qii", int(message["msg_id"]), message["seqno"], len(inner)) + inner
        assert body == raw(case["body"])
    for case in file["acks"]:
        ids = [int(msg_id) for msg_id in case["msg_ids"]]
        assert struct.pack(f"<IIi{len(ids)}q", 0x62D6B459, 0x1CB5C415, len(ids), *ids) == raw(case["body"])
    for case in file["gzip"]:
        body = raw(case["body"])
        assert body[:4] == struct.pack("<I", 0x3072CFA1)
        assert gzip.decompress(tl_bytes(body, 4)[0]) == raw(case["unpacked"])


def test_the_binding_is_a_message_of_version_1():
    """M-153, M-154, M-156"""
    file = load("binding.json")
    key, inner = raw(file["permanent_key"]), raw(file["bind_auth_key_inner"])
    names = ("nonce", "temp_auth_key_id", "perm_auth_key_id", "temp_session_id")
    words = (int(file[name]) for name in names)
    assert inner == struct.pack("<Iqqqqi", 0x75A3F765, *words, file["expires_at"])
    random, padding = (raw(draw["hex"]) for draw in file["draws"])
    text = random + struct.pack("<qii", int(file["msg_id"]), 0, 40) + inner
    msg_key = sha1(text)[4:20]
    cipher = tgcrypto.ige256_encrypt(text + padding, *kdf(1, "client", key, msg_key))
    assert sha1(key)[12:] + msg_key + cipher == raw(file["encrypted_message"])


def test_refused_packets_open_and_their_answers_name_them():
    """M-233, M-246"""
    file = load("bad_msg.json")
    key = raw(file["auth_key"])
    for case in file["cases"]:
        packet = case["packet"]
        for sent in [*case["before"], packet]:
            assert opens(key, "client", raw(sent["packet"])) == raw(sent["body"])
        if case["code"] is None:
            assert case["answer"] is None
            continue
        about = struct.pack("<qii", int(packet["msg_id"]), packet["seqno"], case["code"])
        salt = struct.pack("<q", int(file["salt"])) if case["code"] == 48 else b""
        kind = 0xEDAB447B if case["code"] == 48 else 0xA7EFF811
        assert raw(case["answer"]) == struct.pack("<I", kind) + about + salt, case["why"]
