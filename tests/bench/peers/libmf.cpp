// Measures the ratings that libmf trains per CPU-second, on rows made up as in builder/train/benches/train.rs.
//
//     pip download --no-binary :all: --no-deps libmf==0.9.2 && tar xzf libmf-0.9.2.tar.gz
//     g++ -O3 -std=c++11 -include string -DUSESSE -msse3 -pthread -I libmf-0.9.2/src_cpp \
//         libmf.cpp libmf-0.9.2/src_cpp/mf.cpp -o libmf-sse      # or -DUSEAVX -mavx
//     ./libmf-sse 20000 10000 1000000 32                         # users, titles, rows, factors
//
// The time of one epoch is subtracted from that of eleven, so that preparation does not count.

#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include <sys/resource.h>

#include "mf.h"

static double cpu_seconds() {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        + 1e-6 * (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int main(int n_args, char **args) {
    if (n_args != 5) {
        std::fprintf(stderr, "usage: %s USERS TITLES ROWS FACTORS\n", args[0]);
        return 2;
    }
    const int n_users = std::atoi(args[1]), n_titles = std::atoi(args[2]);
    const long n_rows = std::atol(args[3]);
    std::mt19937 random(1);
    std::uniform_real_distribution<double> uniform;
    std::vector<mf::mf_node> rows(n_rows);
    for (auto &row : rows) {
        const double u = uniform(random), i = uniform(random);
        row.u = static_cast<int>(u * u * n_users);
        row.v = static_cast<int>(i * i * n_titles);
        row.r = (1 + random() % 10) / 2.0f;
    }
    mf::mf_problem problem{n_users, n_titles, n_rows, rows.data()};
    mf::mf_parameter parameters = mf::mf_get_default_param();
    parameters.k = std::atoi(args[4]);
    parameters.nr_threads = 1;
    parameters.quiet = true;
    parameters.copy_data = false;
    double seconds[2];
    for (int run = 0; run < 2; ++run) {
        parameters.nr_iters = run == 0 ? 1 : 11;
        const double before = cpu_seconds();
        mf::mf_model *model = mf::mf_train(&problem, parameters);
        seconds[run] = cpu_seconds() - before;
        mf::mf_destroy_model(&model);
    }
    std::printf("%.1f million ratings per CPU-second\n", 10.0 * n_rows / (seconds[1] - seconds[0]) / 1e6);
}
