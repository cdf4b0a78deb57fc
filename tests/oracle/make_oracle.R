# Writes oracle.json: what R says about the cases in the CSV files of this folder.
# Run inside this folder: Rscript make_oracle.R   (Debian: r-base-core r-cran-metafor r-cran-lme4
# r-cran-jsonlite r-cran-numderiv). Numbers carry 15 digits.

suppressPackageStartupMessages({library(metafor); library(lme4); library(jsonlite); library(numDeriv)})

# metafor's default stopping rules leave tau2 about 3e-5 away from the optimum.
TIGHT <- list(threshold = 1e-14, maxiter = 10000, tol = 1e-14, tau2.max = 10000)
# Where the restricted likelihood has two peaks, metafor climbs from one start; from here it finds the higher.
START <- list(two_likelihood_peaks = 1, lower_peak_inside = 0, first_of_two_inner_peaks = 0.02,
              second_of_two_inner_peaks = 5)
METHODS <- c("CE", "DL", "REML", "PM")
TESTS <- c(z = "z", hksj = "knha")

cases <- function(file) { frame <- read.csv(file); split(frame, factor(frame$case, unique(frame$case))) }

# -- pooling ----------------------------------------------------------------------------------------

fit <- function(yi, vi, method, test, case, threshold = 1e-14) {
  control <- modifyList(TIGHT, list(threshold = threshold))
  if (method == "REML" && case %in% names(START)) control$tau2.init <- START[[case]]
  suppressWarnings(rma(yi, vi, method = method, test = test, control = control))
}

# When tau2 is large its last digits go on flickering by more than 1e-14: then the next wider rule.
converged <- function(run) {
  for (threshold in c(1e-14, 1e-13, 1e-12)) {
    res <- try(suppressWarnings(run(threshold)), silent = TRUE)
    if (!inherits(res, "try-error") && !anyNA(res$estimate)) return(res)
  }
  stop("metafor does not converge")
}

pooled <- function(res, back = identity) {
  # Higgins, Thompson and Spiegelhalter: metafor calls it "riley". It uses 1 degree of freedom for k = 2;
  # we give no interval there, and none for the common-effect model.
  pi <- c(NA, NA)
  if (res$k >= 3 && res$method != "CE") {
    p <- predict(res, pi.type = "riley")
    pi <- c(p$pi.lb, p$pi.ub)
  }
  list(k = res$k, estimate = back(c(res$beta)), se = c(res$se), ci_low = back(res$ci.lb), ci_high = back(res$ci.ub),
       tau2 = res$tau2, i2 = if (is.nan(res$I2)) 0 else res$I2 / 100, q = res$QE, q_p = res$QEp,
       pi_low = if (is.na(pi[1])) NA else back(pi[1]), pi_high = if (is.na(pi[2])) NA else back(pi[2]))
}

grid <- function(yi, vi, case, back = identity) {
  out <- list()
  for (method in METHODS) for (test in names(TESTS)) {
    out[[method]][[test]] <- pooled(converged(function(threshold) fit(yi, vi, method, TESTS[[test]], case, threshold)), back)
  }
  out
}

series <- function(table) lapply(seq_along(table$estimate), function(i) list(
  estimate = table$estimate[i], se = table$se[i], ci_low = table$ci.lb[i], ci_high = table$ci.ub[i],
  q = table$Q[i], q_p = table$Qp[i], tau2 = table$tau2[i], i2 = table$I2[i] / 100))

robustness <- function(yi, vi, case) {
  out <- list()
  for (combination in list(c("DL", "z"), c("REML", "hksj"))) {
    model <- function(threshold) fit(yi, vi, combination[1], TESTS[[combination[2]]], case, threshold)
    name <- paste(combination, collapse = "-")
    out$leave_one_out[[name]] <- series(converged(function(threshold) leave1out(model(threshold))))
    out$cumulative[[name]] <- series(converged(function(threshold) cumul(model(threshold))))
  }
  if (length(yi) >= 3 && diff(range(vi)) > 0 && diff(range(yi)) > 0) {
    test <- regtest(yi, vi, model = "lm", ret.fit = TRUE)
    slope <- summary(test$fit)$coefficients[2, ]
    out$egger <- list(bias = slope[[1]], se = slope[[2]], t = slope[[3]], p = slope[[4]], df = test$ddf,
                      limit = test$est, limit_ci_low = test$ci.lb, limit_ci_high = test$ci.ub)
  }
  out
}

# -- binomial-normal model --------------------------------------------------------------------------

# `integrate` is the yardstick: the exact likelihood, every study integrated numerically over its log odds,
# maximised from several starts, standard error from the numerical second derivatives. lme4 (also inside
# metafor) uses quadrature with at most 25 nodes and stops by rules of its own. The exact log likelihood at
# each program's estimate tells which came higher.
glmm <- function(x, n) {
  if (!any(x > 0 & x < n)) return(NULL)
  exact <- function(mu, tau) sum(mapply(log_integral, x, n, mu, tau))
  out <- list(integrate = highest(exact, qlogis(sum(x) / sum(n)), sum(n)))
  m <- if (length(x) >= 2) tightest_glmer(x, n) else "refused: one study"
  if (is.character(m)) {
    out$refused <- m
    return(out)
  }
  out$lme4 <- list(estimate = fixef(m)[[1]], se = sqrt(vcov(m)[1, 1]), tau2 = VarCorr(m)[[1]][1])
  out$lme4$log_likelihood <- exact(out$lme4$estimate, sqrt(out$lme4$tau2))
  m <- suppressWarnings(rma.glmm(measure = "PLO", xi = x, ni = n, nAGQ = 25))
  out$metafor <- list(estimate = c(m$beta), se = c(m$se), tau2 = m$tau2, i2 = m$I2 / 100, q = m$QE.LRT,
                      q_p = m$QEp.LRT, log_likelihood = exact(c(m$beta), sqrt(m$tau2)))
  out
}

# lme4 gives up on some cases at the tightest tolerance: the tightest that it can do, or its refusal.
tightest_glmer <- function(x, n) {
  study <- factor(seq_along(x))
  for (tolerance in c(1e-13, 1e-10, 1e-7)) {
    control <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5), tolPwrss = tolerance)
    m <- try(suppressMessages(glmer(cbind(x, n - x) ~ 1 + (1 | study), family = binomial, nAGQ = 25,
                                    control = control)), silent = TRUE)
    if (!inherits(m, "try-error")) return(m)
  }
  paste("refused:", conditionMessage(attr(m, "condition")))
}

# Log of the integral over u ~ N(0, 1) of the binomial likelihood at log odds mu + tau * u.
log_integral <- function(x, n, mu, tau) {
  g <- function(u) x * plogis(mu + tau * u, log.p = TRUE) + (n - x) * plogis(-mu - tau * u, log.p = TRUE) - u^2 / 2
  top <- optimize(g, c(-40, 40), maximum = TRUE, tol = 1e-10)
  eta <- mu + tau * top$maximum
  width <- 1 / sqrt(1 + tau^2 * n * plogis(eta) * plogis(-eta))
  f <- function(v) exp(g(top$maximum + width * v) - top$objective)
  cuts <- c(-40, -8, -4, -2, 0, 2, 4, 8, 40)
  areas <- mapply(function(from, to) integrate(f, from, to, rel.tol = 1e-12, abs.tol = 0, stop.on.error = FALSE)$value,
                  head(cuts, -1), tail(cuts, -1))
  top$objective + log(width * sum(areas)) - log(2 * base::pi) / 2
}

highest <- function(exact, mu0, n) {
  f <- function(b) exact(b[1], abs(b[2]))
  best <- list(b = c(mu0, 0), value = exact(mu0, 0))
  for (tau in c(0.1, 0.7, 3)) {
    b <- nlminb(c(mu0, tau), function(b) -f(b), control = list(rel.tol = 1e-14, x.tol = 1e-12))$par
    # Newton's steps with accurate derivatives for the last digits
    if (abs(b[2]) > 1e-3) for (step in 1:3) b <- b - solve(hessian(f, b), grad(f, b))
    if (f(b) > best$value + 1e-10) best <- list(b = b, value = f(b))
  }
  b <- best$b
  information <- if (b[2] == 0) n * plogis(mu0) * plogis(-mu0) else 1 / solve(-hessian(f, b))[1, 1]
  list(estimate = b[1], se = 1 / sqrt(information), tau2 = b[2]^2, log_likelihood = best$value)
}

# -- the cases --------------------------------------------------------------------------------------

oracle <- list(versions = list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")),
                               lme4 = as.character(packageVersion("lme4")), numDeriv = as.character(packageVersion("numDeriv"))))

for (name in names(effects <- cases("effects.csv"))) with(effects[[name]], {
  oracle$effects[[name]] <<- grid(yi, vi, name)
  # Subsets of two-peaked cases have peaks of their own, and each would need a start of its own.
  if (length(yi) > 1 && !(name %in% names(START))) oracle$robustness$effects[[name]] <<- robustness(yi, vi, name)
})
# What metafor finds by itself where the likelihood has two peaks, and how high either peak is.
for (name in names(START)) with(effects[[name]], {
  by_itself <- suppressWarnings(rma(yi, vi, control = TIGHT))
  oracle$two_peaks[[name]] <<- list(by_itself = list(tau2 = by_itself$tau2, log_likelihood = c(logLik(by_itself))),
                                    higher = list(tau2 = (m <- fit(yi, vi, "REML", "z", name))$tau2, log_likelihood = c(logLik(m))))
})

for (name in names(proportions <- cases("proportions.csv"))) with(proportions[[name]], {
  logit <- escalc("PLO", xi = events, ni = total)
  oracle$logit[[name]] <<- grid(logit$yi, logit$vi, name, transf.ilogit)
  if (length(events) > 1) oracle$robustness$logit[[name]] <<- robustness(c(logit$yi), logit$vi, name)
  arcsine <- escalc("PFT", xi = events, ni = total)
  back <- function(x) transf.ipft.hm(x, targs = list(ni = total))
  oracle[["freeman-tukey"]][[name]] <<- grid(arcsine$yi, arcsine$vi, name, back)
  oracle$glmm[[name]] <<- glmm(events, total)
})

for (name in names(arms <- cases("two_arms.csv"))) with(arms[[name]], {
  for (measure in c("RR", "OR", "RD")) {
    effect <- escalc(measure, ai = events_treated, n1i = n_treated, ci = events_control, n2i = n_control)
    oracle$effect_sizes[[measure]][[name]] <<- list(yi = as.list(c(effect$yi)), vi = as.list(effect$vi))
    oracle[[measure]][[name]] <<- grid(effect$yi, effect$vi, name)
  }
})

intervals <- unique(read.csv("proportions.csv")[c("events", "total")])
for (level in c(0.9, 0.95, 0.99)) for (i in seq_len(nrow(intervals))) {
  x <- intervals$events[i]; n <- intervals$total[i]; tail <- (1 - level) / 2
  oracle$proportion_ci <- c(oracle$proportion_ci, list(list(events = x, total = n, level = level,
    wilson = suppressWarnings(prop.test(x, n, conf.level = level, correct = FALSE))$conf.int[1:2],
    `clopper-pearson` = binom.test(x, n, conf.level = level)$conf.int[1:2],
    jeffreys = qbeta(c(tail, 1 - tail), x + 0.5, n - x + 0.5))))
}

# A likelihood ratio is a risk ratio: of a positive (negative) result in those with and without the condition.
for (i in seq_len(nrow(accuracy <- read.csv("accuracy.csv")))) with(accuracy[i, ], {
  ratio <- function(...) { e <- summary(escalc("RR", ...)); exp(c(e$yi, e$ci.lb, e$ci.ub)) }
  oracle$likelihood_ratios[[study]] <<- list(positive = ratio(ai = tp, bi = fn, ci = fp, di = tn),
                                             negative = ratio(ai = fn, bi = tp, ci = tn, di = fp))
})

write(toJSON(oracle, digits = I(15), auto_unbox = TRUE, na = "null", null = "null", pretty = 1), "oracle.json")
