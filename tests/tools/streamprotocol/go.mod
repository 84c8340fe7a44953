module floe.dev/tests/tools/streamprotocol

go 1.26.0
