#!/usr/bin/env python3
"""The origin of this bundle, octet by octet: Python 3, nothing else.

    python3 origin.py 127.0.0.1:8000

It says where it listens, plays one script a connection, and where a script waits for a step, it says so and goes on with
the next line on standard input (press Enter). With a number of seconds as second argument it waits that long instead.
"""
import fcntl
import socket
import struct
import sys
import termios
import threading
import time

CONNECTIONS = [
@CONNECTIONS@]

PAUSE = None
SPEECH = threading.Lock()


def say(line):
    print(line, flush=True)


def wait(name):
    with SPEECH:
        say("waits " + name)
        if PAUSE is None:
            sys.stdin.readline()
        else:
            time.sleep(PAUSE)


def read(connection, octets):
    while octets > 0:
        got = connection.recv(min(octets, 65536))
        if not got:
            raise EOFError
        octets -= len(got)


def play(connection, acts):
    for act, what in acts:
        if act == "request":
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                octet = connection.recv(1)
                if not octet:
                    raise EOFError
                head += octet
        elif act == "read":
            read(connection, what)
        elif act == "cue":
            wait(what)
        elif act == "send":
            connection.sendall(what)
        elif act == "departure":
            while connection.recv(65536):
                pass
        elif act == "fin":
            connection.shutdown(socket.SHUT_WR)
            say("done")
            while connection.recv(65536):
                pass
            return
        elif act == "rst":
            # Not before the peer's kernel has everything: a reset drops what is still on its way.
            unsent = bytearray(4)
            while True:
                fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, unsent)
                if struct.unpack("i", unsent)[0] == 0:
                    break
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            say("done")
            return
        elif act == "hold":
            say("done")
            threading.Event().wait()


def serve(connection, acts):
    try:
        play(connection, acts)
    except (OSError, EOFError):
        say("done")  # the peer has left: the lanes show how
    connection.close()


def main():
    global PAUSE
    host, port = (sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8000").rsplit(":", 1)
    if len(sys.argv) > 2 and sys.argv[2].replace(".", "", 1).isdigit():
        PAUSE = float(sys.argv[2])
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host.strip("[]"), int(port)))
    listening.listen()
    say("listening on %s:%d" % (host, listening.getsockname()[1]))
    accepted = 0
    while True:
        connection, _ = listening.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        acts = CONNECTIONS[min(accepted, len(CONNECTIONS) - 1)] if CONNECTIONS else []
        accepted += 1
        threading.Thread(target=serve, args=(connection, acts), daemon=True).start()


if __name__ == "__main__":
    main()
