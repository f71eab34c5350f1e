# make          the release program, build/tegula
# make demo     sets up everything, builds, predicts the demo slide, says where the report is
# make test     sets up everything, builds, runs all tests, on the release build
# Everything else: tools/dev help

.PHONY: all demo test lint bench tidy clean help

all:
	@tools/setup build
	@tools/dev build release program

demo: all
	@demo/run

test:
	@tools/setup test
	@tools/dev test release

lint bench tidy:
	@tools/dev $@

clean:
	rm -rf build out

help:
	@sed -n 's/^# //p' Makefile
	@tools/dev help
