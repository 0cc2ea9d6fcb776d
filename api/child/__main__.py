"""``python -m api.child PARENT SOCKET``: the zygote."""

import sys

from api.child.fork import main

if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
