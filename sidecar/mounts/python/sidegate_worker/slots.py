"""What the pipe of a connection holds: slots of one size, each read at once. A slot: the request's number on its connection, the length
of its text, its id, then the text; no text for a request that comes by the connection."""
import struct

SLOT = 4096
SLOT_HEAD = struct.Struct('>QHB')
unpack_slot = SLOT_HEAD.unpack_from
TEXT_FROM = SLOT_HEAD.size
