#!/usr/bin/env bash
# Fits and measures what docs/RESULTS.md states, on the real pictures beside the
# repository: bash docs/results.sh [leather|tiles|schedule|seeds ...]
# It builds bin/flawscope first and writes detectors and data into build/results.
set -euo pipefail
cd "$(dirname "$0")/.."
data=../shared/data
weights=../shared/weights/resnet18_l3.safetensors
out=build/results
mkdir -p "$out" bin
go build -o bin/flawscope ./desktop

# fit NAME GOOD DATA FLAGS...: one row of the table.
row() {
	local name=$1 good=$2 set=$3
	shift 3
	local start=$SECONDS
	bin/flawscope fit --good "$good" -o "$out/$name.flawscope" --device cpu "$@" 2>"$out/$name.log" >/dev/null
	echo "== $name: fit $* in $((SECONDS - start)) s"
	bin/flawscope eval "$out/$name.flawscope" --data "$set" --device cpu 2>>"$out/$name.log"
}

# The first 200 good tiles, in the order of their names.
tiles200() {
	if [ ! -d "$out/tiles200" ]; then
		mkdir -p "$out/tiles200.part"
		find "$data/magnetic_tile/train/good" -name '*.png' | sort | head -200 | xargs -I{} cp {} "$out/tiles200.part/"
		mv "$out/tiles200.part" "$out/tiles200"
	fi
}

for part in "${@:-leather tiles schedule}"; do
	for p in $part; do
		case $p in
		leather)
			row leather-compact "$data/leather/train/good" "$data/leather" --seed 1
			row leather-resnet18 "$data/leather/train/good" "$data/leather" --seed 1 --backbone resnet18 --weights "$weights"
			;;
		tiles)
			tiles200
			row tiles-compact "$out/tiles200" "$data/magnetic_tile" --seed 1
			row tiles-resnet18 "$out/tiles200" "$data/magnetic_tile" --seed 1 --backbone resnet18 --weights "$weights"
			;;
		schedule)
			tiles200
			for epochs in 20 40 80 160 320; do
				row "tiles-compact-$epochs" "$out/tiles200" "$data/magnetic_tile" --seed 1 --epochs "$epochs"
			done
			;;
		*)
			echo "results.sh: no part $p" >&2
			exit 2
			;;
		esac
	done
done
