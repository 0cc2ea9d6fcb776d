"""``python -m optimizer.batch REQUEST``: one instance of a batch, in a process of its own."""

import faulthandler
import sys

from optimizer.batch.child import limit_memory, main
from optimizer.batch.request import Request
from optimizer.machine import die_with

if __name__ == "__main__":
    faulthandler.enable()
    request = Request.from_json(sys.argv[1])
    die_with(request.parent)
    limit_memory(request.memory)
    main(request)
