/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verb of the command line is, as data. Parsing, help, man pages, completion and the guide's table are made from
 * these rows and from nothing else, so a new verb is one row and one function. All of it is constant; no thread.
 */
#pragma once
#include <glib.h>

typedef struct FctCli FctCli;
typedef struct FctArgs FctArgs;

/* What a word stands for: how it is checked, and what completion offers for it. */
typedef enum {
    FCT_KIND_TEXT,
    FCT_KIND_NUMBER,  /* within the option's limits */
    FCT_KIND_CHOICE,  /* one of the words of the name, "on|off"; no other is taken */
    FCT_KIND_WORD,    /* such words are offered; the server judges what is written */
    FCT_KIND_PATH,    /* a file of this machine, in whatever encoding its name has */
    FCT_KIND_NEW,     /* the name of what is being made */
    FCT_KIND_PROFILE, /* of the GPU that another word names */
    FCT_KIND_SNAPSHOT,
    FCT_KIND_DISK, /* these two of the VM that another word names */
    FCT_KIND_GPU,  /* from here on objects of the API, see fct_kind_source */
    FCT_KIND_GPU_ID,
    FCT_KIND_GROUP,
    FCT_KIND_IMAGE,
    FCT_KIND_NETWORK,
    FCT_KIND_POOL,
    FCT_KIND_VOLUME,
    FCT_KIND_FILE,
    FCT_KIND_VM,
    FCT_KIND_TEMPLATE,
    FCT_KIND_TASK,
    FCT_KIND_TOKEN,
} FctKind;

typedef enum { FCT_ONE, FCT_MAY, FCT_MANY } FctTimes; /* one; none or one; any number */

typedef struct {
    const char *name; /* as help shows it; NULL ends the list */
    FctKind kind;
    FctTimes times; /* those that may be left out stand last */
} FctOperand;

typedef struct {
    const char *name;  /* without the dashes; NULL ends the list */
    char letter;       /* 0: none */
    const char *value; /* as help shows it; NULL: the option takes no value */
    const char *help;
    FctKind kind;
    gboolean many;   /* may be given several times, and each counts */
    int least, most; /* of a number; @most 0: no end */
} FctOption;

/* When a verb asks; each that does has --yes. */
typedef enum {
    FCT_ASKS_NEVER,
    FCT_ASKS_ALWAYS,   /* where nobody can be asked it takes --yes */
    FCT_ASKS_TERMINAL, /* where nobody can be asked it goes on */
    FCT_ASKS_PLAN,     /* when the plan takes something away */
} FctAsks;

typedef struct {
    const char
        *words; /* "vm snapshot create"; NULL ends the table. Words with "__" before them are for our own scripts */
    const char *summary;
    int (*run)(FctCli *cli, const FctArgs *args); /* its exit status */
    FctOperand operands[4];                       /* the last one stays empty */
    const FctOption *options;                     /* FCT_OPTIONS, or NULL */
    FctAsks asks;
    const char *note;        /* a sentence for the help, or NULL: what options go together */
    const char *examples[3]; /* whole command lines; the last one stays NULL */
    gboolean raw;            /* its words are handed on unread */
} FctVerb;

#define FCT_OPTIONS(...) ((const FctOption[]){__VA_ARGS__, {NULL}})
#define FCT_OPTION_PLAN                                                                                                \
    {                                                                                                                  \
        "plan", .help = "Only show what would be done"                                                                 \
    }
#define FCT_OPTION_NO_WAIT                                                                                             \
    {                                                                                                                  \
        "no-wait", .help = "Do not follow the task"                                                                    \
    }

typedef struct {
    const char *name;             /* NULL: its verbs stand alone, such as "login" */
    const char *title;            /* what the noun is, for its man page */
    const FctVerb *const *tables; /* NULL at the end; in the order of the help */
} FctNoun;

/* Where completion finds the objects of a kind: a path of the API, and the member that names each. FALSE: nowhere. */
gboolean fct_kind_source(FctKind kind, const char **ret_path, const char **ret_member);

/* Verbs in the order of the help, without hidden ones: those of @noun, and those of all. Unref the array. */
GPtrArray *fct_noun_verbs(const FctNoun *noun);
GPtrArray *fct_verbs_list(const FctNoun *const *nouns);
/* The verb that the first words are; *ret_words (if wanted) says how many. NULL: none, or a verb misses its last word.
 */
const FctVerb *fct_verbs_find(const FctNoun *const *nouns, int argc, char *const *argv, int *ret_words);
/* How many words from the first on begin a verb, or are one: 0 when the first word is none. */
int fct_verbs_known(const FctNoun *const *nouns, int argc, char *const *argv);
/* @words is @begin, or begins with it and a blank. */
gboolean fct_words_begin(const char *words, const char *begin);

/* The option at @i, --yes of a verb that asks as its last one; NULL behind the end. */
const FctOption *fct_verb_option(const FctVerb *verb, guint i);
/* "gpu mig GPU on|off [--plan] [--yes]"; free it. */
char *fct_verb_usage(const FctVerb *verb);
/* "-y, --yes", "--cpus N"; free it. */
char *fct_option_usage(const FctOption *option);
/* What it asks, as a sentence; NULL: it does not. */
const char *fct_verb_asks(const FctVerb *verb);
/* The words that a choice takes. Free with g_strfreev. */
char **fct_choices(const char *name);

/* The options of the program itself, before the noun; and those of every verb. Both end with name NULL. */
extern const FctOption fct_program_options[], fct_common_options[];
