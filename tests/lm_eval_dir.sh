#!/bin/sh
# A directory as `lm_eval --log_samples --output_path OUT` leaves it, of two models: lm_eval_dir.sh TIERCE OUT [N] [SEED]
#
# Requests and outcomes are those of `tierce simulate`; the shape, with its traps, is the harness's: chat
# messages as JSON inside a list, one line per filter, stringified answers, a NaN, the gold answer beside
# the prompt, a results file that alone knows the model's name.
tierce=$1 out=$2 n=${3:-1500} seed=${4:-1}
mkdir -p "$out" || exit 1
"$tierce" simulate -n "$n" --seed "$seed" | awk -v out="$out" '
function value(line, key,    at, rest) { # a number behind "key":
    at = index(line, "\"" key "\":")
    rest = substr(line, at + length(key) + 3)
    match(rest, /^[0-9.]+/)
    return substr(rest, 1, RLENGTH)
}
function escaped(text) { gsub(/\\/, "&&", text); gsub(/"/, "\\\\&", text); return text }
function sample(file, filter, resp, score, metric) {
    printf "{\"doc_id\": %d, \"doc\": {\"question\": \"see the prompt\", \"answer\": \"gold-%d\"}, \"target\": \"gold-%d\", " \
        "\"arguments\": {\"gen_args_0\": {\"arg_0\": [\"%s\"], \"arg_1\": {\"until\": [\"\\n\\n\"], \"do_sample\": false}}}, " \
        "\"resps\": [[\"%s\"]], \"filtered_resps\": [\"%s\"], \"filter\": \"%s\", \"metrics\": [\"%s\"], " \
        "\"doc_hash\": \"%08x%056x\", \"prompt_hash\": \"%08x%056x\", \"target_hash\": \"%08x%056x\", \"%s\": %s}\n", \
        id, id, id, messages, resp, resp, filter, metric, (id * 7919 + 104729) * 997, id, (id * 104729 + 7919) * 991, id, (id * 7907 + 1299709) * 983, id, metric, score > file
}
function one(model, folder, date, tier,    file, score, outcome) {
    outcome = substr($0, index($0, "\"" tier "\":{"))
    score = value(outcome, "score") ".0"
    file = out "/" folder "/samples_" task "_" date ".jsonl"
    sum[folder, task] += score
    if (task == "sim_function") { # a task with two filters: the strict one is the first
        sample(file, "strict-match", "x", score, "exact_match")
        sample(file, "flexible-extract", "x", "1.0", "exact_match")
    } else if (task == "sim_chat" && id == 3 && tier == "flash") {
        sample(file, "none", "", "NaN", "acc") # the judge gave no number
    } else {
        sample(file, "none", "x", score, task == "sim_chat" ? "acc" : "exact_match")
    }
}
function results(model, folder, date,    file, t, first, metric) {
    file = out "/" folder "/results_" date ".json"
    printf "{\n  \"results\": {" > file
    first = 1
    for (t in n_task) {
        metric = t == "sim_chat" ? "acc,none" : t == "sim_function" ? "exact_match,strict-match" : "exact_match,none"
        printf "%s\n    \"%s\": {\"alias\": \"%s\", \"%s\": %.6f, \"%s\": \"N/A\"}", first ? "" : ",", t, t, metric, \
            sum[folder, t] / n_task[t], metric == "acc,none" ? "acc_stderr,none" : "exact_match_stderr,none" > file
        first = 0
    }
    printf "\n  },\n  \"higher_is_better\": {" > file
    first = 1
    for (t in n_task) {
        printf "%s\"%s\": {\"%s\": true}", first ? "" : ", ", t, t == "sim_chat" ? "acc" : "exact_match" > file
        first = 0
    }
    printf "},\n  \"config\": {\"model\": \"local-chat-completions\", \"model_args\": \"model=%s\", \"limit\": null},\n" \
        "  \"model_name\": \"%s\", \"model_name_sanitized\": \"%s\", \"total_evaluation_time_seconds\": \"812.4\"\n}\n", \
        model, model, folder > file
}
BEGIN {
    date["google__gemini-3.5-flash"] = "2026-08-14T09-12-44.107311"
    date["google__gemini-3.1-pro-preview"] = "2026-08-14T11-40-02.990125"
    for (f in date) system("mkdir -p \"" out "/" f "\"")
}
{
    task = $0
    sub(/^.*"source":"simulated\//, "", task)
    sub(/".*$/, "", task)
    gsub(/-/, "_", task)
    task = "sim_" task
    messages = substr($0, index($0, "\"messages\":") + 11)
    messages = substr(messages, 1, index(messages, ",\"outcomes\":{") - 1)
    if (index(messages, ",\"tools\":[")) next # the harness has no tools
    id = n_task[task]++
    messages = escaped(messages)
    one("google/gemini-3.5-flash", "google__gemini-3.5-flash", date["google__gemini-3.5-flash"], "flash")
    one("google/gemini-3.1-pro-preview", "google__gemini-3.1-pro-preview", date["google__gemini-3.1-pro-preview"], "pro")
}
END {
    results("google/gemini-3.5-flash", "google__gemini-3.5-flash", date["google__gemini-3.5-flash"])
    results("google/gemini-3.1-pro-preview", "google__gemini-3.1-pro-preview", date["google__gemini-3.1-pro-preview"])
}'
