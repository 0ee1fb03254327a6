#!/usr/bin/env bash
# The files for container engines and Kubernetes, by their schemas, and against what the programs link. No image is built
# here and no cluster runs: there is no registry to get the base images from.
set -euo pipefail
cd "$(dirname "$0")/../.."
Tests/Package/prepare.sh python
python=.build/package-tests
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
wrong() {
    echo "WRONG: $*"
    failures=$((failures + 1))
}

compose() { "$python/bin/check-jsonschema" --builtin-schema vendor.compose-spec "$1"; }
compose docker-compose.yml || wrong "docker-compose.yml"
# The check can fail.
sed 's/^    healthcheck:/    healthchek:/' docker-compose.yml >"$work/compose.yml"
! compose "$work/compose.yml" >/dev/null 2>&1 || wrong "the check of docker-compose.yml takes anything"

# The workflow that docs/in-ci.md gives to its readers.
# shellcheck disable=SC2016
sed -n '/^# .github\/workflows/,/^```$/{/^```$/d;p}' docs/in-ci.md >"$work/workflow.yml"
workflow() { "$python/bin/check-jsonschema" --builtin-schema vendor.github-workflows "$1"; }
workflow "$work/workflow.yml" || wrong "the workflow in docs/in-ci.md"
sed 's/runs-on:/run-on:/' "$work/workflow.yml" >"$work/wrong.yml"
! workflow "$work/wrong.yml" >/dev/null 2>&1 || wrong "the check of the workflow takes anything"

command -v kubectl >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -qq -y kubernetes-client
kubectl kustomize packaging/kubernetes >"$work/rendered.yaml" || wrong "kubectl kustomize"
kubernetes() { "$python/bin/kubernetes-validate" --strict "$1"; }
kubernetes "$work/rendered.yaml" || wrong "packaging/kubernetes"
sed 's/hostPID:/hostPid:/' "$work/rendered.yaml" >"$work/wrong.yaml"
! kubernetes "$work/wrong.yaml" >/dev/null 2>&1 || wrong "the check of packaging/kubernetes takes anything"

# One version, the unit's rights, and settings that there are.
number=$(sed -n 's/.*static let number = "\(.*\)"$/\1/p' Sources/Shared/Command/ProgramVersion.swift)
grep -q "image: tapedeck-profiler:$number\$" "$work/rendered.yaml" || wrong "the DaemonSet's image is not of $number"
unit=$(sed -n 's/^CapabilityBoundingSet=//p' packaging/tapedeck-profiler.service.in | sed 's/CAP_//g')
daemon=$(sed -n '/^ *add:/,/^ *drop:/s/^ *- \([A-Z_]*\)$/\1/p' "$work/rendered.yaml" | paste -sd ' ')
[ "$unit" = "$daemon" ] || wrong "rights of the unit: $unit; of the DaemonSet: $daemon"
for right in $unit; do
    grep -q -- "--cap-add=$right " packaging/Dockerfile || wrong "packaging/Dockerfile runs without $right"
done
variables=$(sed -n 's/^  *- \([A-Z_]*\)=.*/\1/p' packaging/kubernetes/kustomization.yaml
    sed -n 's/^#\{0,1\}\([A-Z_]*\)=.*/\1/p' packaging/profiler.env)
for variable in $variables; do
    grep -q "^| \`$variable\` " docs/contract.md || wrong "$variable is no setting"
done

# What the images install is what the programs link, and both pages of the manual are built from the same stages.
if [ -n "${BUILT:-}" ]; then
    for program in replay profiler; do
        stage=$(sed -n "/ AS $program\$/,/^FROM/p" packaging/Dockerfile)
        for library in $(objdump -p "$BUILT/$program" | awk '/NEEDED/ { print $2 }'); do
            package=$(dpkg -S "*/$library" | cut -d: -f1 | sort -u | head -1)
            # Every Debian image has these.
            [[ " libc6 libgcc-s1 libstdc++6 libzstd1 zlib1g " != *" $package "* ]] || continue
            grep -q "install.* $package\( \|$\)" <<<"$stage" || wrong "$program links $library of $package"
        done
    done
fi
[ $failures -eq 0 ] || exit 1
echo "container files: as their schemas have it"
