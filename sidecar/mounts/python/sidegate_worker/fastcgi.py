"""FastCGI 1.0 as a responder writes it."""
import struct

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
RECORD = struct.Struct('>BBHHBx')
unpack_record = RECORD.unpack_from
pack_record = RECORD.pack
# The most a record holds, rounded down to a multiple of eight (spec 3.3).
RECORD_MAX = 65528
# How much one sendall is given at most: copies stay small, calls stay few.
SEND_MAX = 4 * RECORD_MAX


def finish_records(request_id):
    """The end of the response: STDOUT closed, END_REQUEST with REQUEST_COMPLETE."""
    return pack_record(1, STDOUT, request_id, 0, 0) + pack_record(1, END, request_id, 8, 0) + bytes(8)


FINISH = [finish_records(request_id) for request_id in range(256)]


def records(kind, request_id, data):
    """`data` as records of one stream."""
    if len(data) <= RECORD_MAX:
        return pack_record(1, kind, request_id, len(data), 0) + data
    pieces = []
    for at in range(0, len(data), RECORD_MAX):
        piece = data[at:at + RECORD_MAX]
        pieces.append(pack_record(1, kind, request_id, len(piece), 0))
        pieces.append(piece)
    return b''.join(pieces)
