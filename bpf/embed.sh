#!/bin/sh
# embed.sh OUTPUT.swift CLANG ARGUMENT…: compiles the kernel side and writes the object into a Swift file, as base64
# (an array literal of that size takes the compiler a minute).
set -eu
output=$1 clang=$2
shift 2
multiarch=/usr/include/$(uname -m)-linux-gnu
object=$output.o
"$clang" "$@" -I"$multiarch" -o "$object"
# Without DWARF a third is left; what CO-RE needs (BTF) stays.
objcopy=$(dirname "$clang")/llvm-objcopy
[ ! -x "$objcopy" ] || "$objcopy" --strip-debug "$object"
{
    printf '// Made by bpf/embed.sh.\nlet kernelObjectBase64: StaticString = "'
    base64 -w 0 "$object"
    printf '"\n'
} >"$output"
rm -f "$object"
