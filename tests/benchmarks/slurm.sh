#!/usr/bin/env bash
# A SLURM of one machine, for as long as a command runs: tests/benchmarks/slurm.sh bash
# It runs as root, with what `apt-get install slurm-wlm` brings. The node says that it has 16 processors and 8 GPUs, so that
# the scripts of docs/how-to/hardware.md can be submitted as they stand.
set -euo pipefail
home=$(mktemp -d)
chmod 755 "$home"

stop() {
  for name in slurmd slurmctld munge; do
    kill "$(cat "$home/$name.pid")" 2>/dev/null || true
  done
  sleep 2
  rm -rf "$home"
}
trap stop EXIT

mkdir "$home/state" "$home/spool" "$home/gpus"
touch "$home"/gpus/{0..7}
head -c 1024 /dev/urandom >"$home/munge.key"
chmod 600 "$home/munge.key"
echo "NodeName=$(hostname) Name=gpu File=$home/gpus/[0-7]" >"$home/gres.conf"
cat >"$home/slurm.conf" <<END
ClusterName=one
SlurmctldHost=$(hostname)
SlurmUser=root
AuthInfo=socket=$home/munge.socket
SlurmctldPort=26817
SlurmdPort=26818
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.pid
SlurmctldLogFile=$home/slurmctld.log
SlurmdLogFile=$home/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
GresTypes=gpu
NodeName=$(hostname) CPUs=16 RealMemory=64000 Gres=gpu:8 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END

munged --force --key-file="$home/munge.key" --socket="$home/munge.socket" --pid-file="$home/munge.pid" \
  --log-file="$home/munge.log" --seed-file="$home/munge.seed"
export SLURM_CONF="$home/slurm.conf"
slurmctld
sleep 1
slurmd
until sinfo --noheader --format %t | grep -q idle; do
  sleep 1
done
"$@"
