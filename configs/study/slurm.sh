#!/bin/bash
# A study in the jobs of a SLURM array, which share teachers through files and locks in the study's folder:
#   sbatch --array=1-16 configs/study/slurm.sh --config configs/study/wikiann.yaml --config configs/backbone/xlmr_large.yaml
# Every array will do: 0-15, 1-16%4, 1-31:2. Two of the 16 once more: sbatch --export=ALL,CTL_SHARDS=16 --array=3,7 ...
# When all have ended: ctl report runs/study/wikiann
#SBATCH --gpus=1
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --output=slurm-%A_%a.log --open-mode=append
# Two minutes before the time is up ctl, which has taken the shell's place, saves, ends and queues its job again.
#SBATCH --signal=B:USR1@120 --requeue
exec ctl study "$@" --shard slurm
