#!/usr/bin/env bash
# Tunes all methods and runs the final comparison on MNIST, FashionMNIST and CIFAR-10. Stop it at any time; the same command goes on.
#   samples/RankPruning/protocol.sh DIR [NAME ...]     DIR has a folder for each data set: mnist, fashion, cifar10
set -euo pipefail
data=${1:?the folder of the data sets}
shift
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
dotnet build samples/RankPruning -c Release -v q --nologo
for name in "${@:-mnist fashion cifar10}"; do
    for study in $name; do
        settings=samples/RankPruning/settings/$study.json
        # Tuning reads its runs from their files where they are done, and writes the same settings again.
        dotnet run --no-build -c Release --project samples/RankPruning -- tune "$study" --data "$data/$study" --settings "$settings"
        dotnet run --no-build -c Release --project samples/RankPruning -- final "$study" --data "$data/$study" --settings "$settings"
    done
done
