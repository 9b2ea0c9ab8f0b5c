#!/bin/sh
# A study in the jobs of a SLURM array, which share teachers through files and locks in the study's folder:
#   sbatch --array=1-16 configs/study/slurm.sh --config configs/study/wikiann.yaml --config configs/backbone/xlmr_large.yaml
# When all have ended: ctl report runs/study/wikiann
#SBATCH --gpus=1
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --requeue
exec ctl study "$@" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"
