"""What goes over the connection (sidecar/wire/frames.ts): length in three bytes, type in one, id in four, payload; big endian."""
import struct

# From the gateway.
START, BODY, BODY_END, ABORT, CREDIT, RETIRE, PING = range(1, 8)
# Of a WebSocket: one message or a piece of it; how it was closed.
CLIENT_MESSAGE, CLIENT_CLOSE = 10, 11
# From the worker.
RESPONSE, HEAD, DATA, END, BODY_CREDIT, UPGRADE, CLOSED, REPORT, PONG, FAILED, INTERIM = range(16, 27)
MESSAGE, CLOSE = 29, 30

# The first byte of a message.
TEXT, BINARY, MORE = 1, 2, 0x80

FRAME = struct.Struct('>II')
pack_frame = FRAME.pack
unpack_frame = FRAME.unpack_from
NUMBER = struct.Struct('>I')
pack_number = NUMBER.pack
# Length, type, id; length of the head of a response.
HEADED = struct.Struct('>III')
pack_headed = HEADED.pack
CODE = struct.Struct('>H')

# The most that one frame is given of a body or of a message.
PIECE = 256 * 1024
