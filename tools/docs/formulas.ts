// The formula of each loss in TeX, with the symbols of the papers, for the pages of the losses and the playground. It says what the
// plain formula of the doc comment says. A test renders each with KaTeX and looks for the symbol of every option.
import type { LossName } from '../../src/core.js';

const tex = String.raw;

/** Lines aligned at their `&`, the loss first, then what its symbols stand for. */
const lines = (...rows: readonly string[]): string => [tex`\begin{aligned}`, rows.join(' \\\\[4pt]\n'), tex`\end{aligned}`].join('\n');

// Log-ratios: of one completion, and the margin of a pair, whose chosen side is w ("winner") and whose rejected side is l ("loser").
const RHO = tex`\rho_y &= \log\frac{\pi_\theta(y \mid x)}{\pi_{\mathrm{ref}}(y \mid x)}`;
const REWARD = tex`r_y &= \beta \log\frac{\pi_\theta(y \mid x)}{\pi_{\mathrm{ref}}(y \mid x)}`;
const DELTA = tex`\Delta &= \log\frac{\pi_\theta(y_w \mid x)}{\pi_{\mathrm{ref}}(y_w \mid x)} - \log\frac{\pi_\theta(y_l \mid x)}{\pi_{\mathrm{ref}}(y_l \mid x)}`;
const MARGIN = tex`h &= \beta\left(\log\frac{\pi_\theta(y_w \mid x)}{\pi_{\mathrm{ref}}(y_w \mid x)} - \log\frac{\pi_\theta(y_l \mid x)}{\pi_{\mathrm{ref}}(y_l \mid x)}\right)`;
const SINGLE_RHO = tex`\rho &= \log\frac{\pi_\theta(y \mid x)}{\pi_{\mathrm{ref}}(y \mid x)}`;
// Log-probs without a reference: sums, or means per token.
const SUM = tex`\ell_y &= \log \pi_\theta(y \mid x)`;
const MEAN = tex`\bar\ell_y &= \frac{1}{|y|} \log \pi_\theta(y \mid x)`;
const REWARD_GAP = tex`g &= \eta\,(R_w - R_l)`;
const LOGISTIC = tex`\mathcal{L} &= -(1 - \varepsilon) \log \sigma(h) - \varepsilon \log \sigma(-h)`;
// The same of lists of K candidates.
const REWARDS = tex`r_k &= \beta \log\frac{\pi_\theta(y_k \mid x)}{\pi_{\mathrm{ref}}(y_k \mid x)}`;
const MEANS = tex`\bar\ell_k &= \frac{1}{|y_k|} \log \pi_\theta(y_k \mid x)`;
const P = tex`p_k &= \frac{e^{R_k / \tau}}{\sum_j e^{R_j / \tau}}`;
const Q_AND_P = tex`q_k &= \frac{e^{r_k}}{\sum_j e^{r_j}}, \qquad p_k = \frac{e^{R_k / \tau}}{\sum_j e^{R_j / \tau}}`;

// What a symbol means that is not the name of its option in Greek.
const where = (...meanings: readonly string[]): string => tex`&\phantom{=}\ \text{with } ${meanings.join(tex`,\ `)}`;
const SMOOTHING = tex`\varepsilon = \texttt{labelSmoothing}`;
const OF_REWARDS = tex`R = \texttt{rewards}`;
const WEIGHTS = tex`\lambda_D = \texttt{desirableWeight},\ \lambda_U = \texttt{undesirableWeight}`;
const BY_ERROR = tex`\text{squared or absolute by } \texttt{error}`;
const BY_LABEL = (desirable: string, undesirable: string): string =>
  tex`\mathcal{L} &= \begin{cases} \lambda_D\, ${desirable} & \text{if } y \text{ is desirable} \\[2pt] \lambda_U\, ${undesirable} & \text{if } y \text{ is undesirable} \end{cases}`;

/** The formula of each loss as TeX for display mode, in the subset of KaTeX. */
export const formulas: Record<LossName, string> = {
  dpo: lines(
    LOGISTIC,
    tex`${MARGIN} - \delta`,
    where(tex`\varepsilon = \texttt{labelSmoothing} \text{ or } 1 - \texttt{preference}`, tex`\delta = \texttt{offset}`),
  ),
  robustDpo: lines(
    tex`\mathcal{L} &= \frac{-(1 - \varepsilon) \log \sigma(h) + \varepsilon \log \sigma(-h)}{1 - 2 \varepsilon}`,
    MARGIN,
    where(SMOOTHING),
  ),
  ipo: lines(tex`\mathcal{L} &= \left(\Delta - \frac{1}{2 \beta}\right)^2`, DELTA),
  hinge: lines(tex`\mathcal{L} &= \max(0,\ 1 - h)`, MARGIN),
  exoPair: lines(
    tex`\mathcal{L} &= \sigma(h) \log\frac{\sigma(h)}{1 - \varepsilon} + \sigma(-h) \log\frac{\sigma(-h)}{\varepsilon}`,
    MARGIN,
    where(SMOOTHING),
  ),
  ncaPair: lines(tex`\mathcal{L} &= -\log \sigma(r_w) - \tfrac{1}{2} \log \sigma(-r_w) - \tfrac{1}{2} \log \sigma(-r_l)`, REWARD),
  bcoPair: lines(tex`\mathcal{L} &= -\log \sigma(r_w - \delta) - \log \sigma(-(r_l - \delta))`, REWARD),
  sppo: lines(
    tex`\mathcal{L} &= \left(\rho_w - \frac{p - \frac{1}{2}}{\beta}\right)^2 + \left(\rho_l + \frac{p - \frac{1}{2}}{\beta}\right)^2`,
    RHO,
    where(tex`p = \texttt{preference}`),
  ),
  apoZero: lines(tex`\mathcal{L} &= \sigma(-r_w) + \sigma(r_l)`, REWARD),
  apoDown: lines(tex`\mathcal{L} &= \sigma(r_w) + \sigma(-(r_w - r_l))`, REWARD),
  discopop: lines(tex`\mathcal{L} &= -(1 - m) \log \sigma(h) + m\, e^{-h}`, tex`m &= \sigma(h / \tau)`, MARGIN),
  aot: lines(
    tex`\mathcal{L}_i &= -(1 - \varepsilon) \log \sigma(\beta d_i) - \varepsilon \log \sigma(-\beta d_i)`,
    tex`d_i &= \left(\log\frac{\pi_\theta(y_w \mid x)}{\pi_\theta(y_l \mid x)}\right)_{(i)} - \left(\log\frac{\pi_{\mathrm{ref}}(y_w \mid x)}{\pi_{\mathrm{ref}}(y_l \mid x)}\right)_{(i)}`,
    where(tex`{}_{(i)} \text{ the } i\text{th smallest of the batch}`, SMOOTHING),
  ),
  aotUnpaired: lines(
    tex`\mathcal{L}_i &= -(1 - \varepsilon) \log \sigma(\beta d_i) - \varepsilon \log \sigma(-\beta d_i)`,
    tex`d_i &= \left(\log\frac{\pi_\theta(y_w \mid x)}{\pi_{\mathrm{ref}}(y_w \mid x)}\right)_{(i)} - \left(\log\frac{\pi_\theta(y_l \mid x)}{\pi_{\mathrm{ref}}(y_l \mid x)}\right)_{(i)}`,
    where(tex`{}_{(i)} \text{ the } i\text{th smallest of the batch}`, SMOOTHING),
  ),
  dpop: lines(tex`\mathcal{L} &= -\log \sigma\big(\beta\,(\rho_w - \rho_l - \lambda \max(0,\ -\rho_w))\big)`, RHO),
  fDpo: lines(
    tex`\mathcal{L} &= -\log \sigma\big(\beta\,(g(\rho_w) - g(\rho_l))\big)`,
    tex`g(\rho) &= \begin{cases} \rho & \text{reverse KL} \\ \log \sigma(\rho) & \text{Jensen–Shannon} \\ 1 - e^{-\rho} & \text{forward KL} \\ (1 - e^{-\alpha \rho}) / \alpha & \alpha\text{-divergence} \\ \rho + e^{\rho} - 1 & \chi^2 \text{ and KL, } \texttt{clip} \end{cases}`,
    RHO,
  ),
  calDpo: lines(
    tex`\mathcal{L} &= -\log \sigma(\rho_w - \rho_l) + c \left[\left(\rho_w - \frac{1}{2 \beta}\right)^2 + \left(\rho_l + \frac{1}{2 \beta}\right)^2\right]`,
    RHO,
    where(tex`c = \texttt{calibrationWeight}`),
  ),
  rDpo: lines(tex`\mathcal{L} &= -\log \sigma\big(h + \alpha\,(|y_w| - |y_l|)\big)`, MARGIN),
  tdpo1: lines(
    tex`\mathcal{L} &= -\log \sigma\big(\beta\,(\Delta - (K_l - K_w))\big)`,
    DELTA,
    where(tex`K_y = \texttt{sequentialKl} \text{ of } y`),
  ),
  tdpo2: lines(
    tex`\mathcal{L} &= -\log \sigma\big(\beta\,(\Delta - \alpha\,(K_l - \operatorname{sg}(K_w)))\big)`,
    DELTA,
    where(tex`K_y = \texttt{sequentialKl} \text{ of } y`, tex`\operatorname{sg} \text{ without a gradient}`),
  ),
  rpoBackwardKl: lines(
    tex`\mathcal{L} &= \sigma(g) \log\frac{\sigma(g)}{\sigma(h)} + \sigma(-g) \log\frac{\sigma(-g)}{\sigma(-h)}`,
    MARGIN,
    REWARD_GAP,
    where(OF_REWARDS),
  ),
  rpoForwardKl: lines(
    tex`\mathcal{L} &= \sigma(h) \log\frac{\sigma(h)}{\sigma(g)} + \sigma(-h) \log\frac{\sigma(-h)}{\sigma(-g)}`,
    MARGIN,
    REWARD_GAP,
    where(OF_REWARDS),
  ),
  rpoSquared: lines(tex`\mathcal{L} &= (h - g)^2`, MARGIN, REWARD_GAP, where(OF_REWARDS)),
  rebel: lines(tex`\mathcal{L} &= \big(\Delta - \eta\,(R_w - R_l)\big)^2`, DELTA, where(OF_REWARDS)),
  dpoShift: lines(tex`\mathcal{L} &= -\log \sigma\big(\beta\,(\rho_w - \lambda\, \rho_l)\big)`, RHO),
  raoKupper: lines(
    tex`\mathcal{L} &= \begin{cases} -\log \sigma(h - \log\nu) & \text{if } y_w \text{ wins} \\[2pt] -\log\big((\nu^2 - 1)\, \sigma(h - \log\nu)\, \sigma(-h - \log\nu)\big) & \text{if } \texttt{tie} \end{cases}`,
    MARGIN,
  ),
  davidson: lines(
    tex`\mathcal{L} &= \begin{cases} \log\left(1 + e^{-h} + 2 \nu\, e^{-h/2}\right) & \text{if } y_w \text{ wins} \\[2pt] \log\left(1 + e^{-h} + 2 \nu\, e^{-h/2}\right) + \frac{h}{2} - \log 2 \nu & \text{if } \texttt{tie} \end{cases}`,
    MARGIN,
  ),
  alphaDpo: lines(
    LOGISTIC,
    tex`h &= \beta\left(\bar\ell_w - \bar\ell_l - \alpha \operatorname{sg}\left(\frac{D - \mu}{s}\right)\right) - \gamma`,
    tex`D &= \bar\ell_w - \bar\ell_l - (\bar\ell^{\mathrm{ref}}_w - \bar\ell^{\mathrm{ref}}_l)`,
    MEAN,
    where(tex`\mu,\ s \text{ mean and deviation of } D`, SMOOTHING, tex`\operatorname{sg} \text{ without a gradient}`),
  ),
  cpo: lines(LOGISTIC, tex`h &= \beta\,(\ell_w - \ell_l)`, SUM, where(SMOOTHING)),
  simpo: lines(LOGISTIC, tex`h &= \beta\,(\bar\ell_w - \bar\ell_l) - \gamma`, MEAN, where(SMOOTHING)),
  alphaPo: lines(
    LOGISTIC,
    tex`h &= \beta\,(r_w - r_l) - \gamma`,
    tex`r_y &= \frac{1 - e^{-\alpha \bar\ell_y}}{\alpha}`,
    MEAN,
    where(SMOOTHING),
  ),
  repo: lines(tex`\mathcal{L} &= \max\big(0,\ \gamma - (\bar\ell_w - \bar\ell_l)\big)`, MEAN),
  orpo: lines(
    tex`\mathcal{L} &= -\lambda \log \sigma\left(\log\frac{\operatorname{odds}_w}{\operatorname{odds}_l}\right) + \mathrm{nll}`,
    tex`\operatorname{odds}_y &= \frac{e^{\bar\ell_y}}{1 - e^{\bar\ell_y}}`,
    MEAN,
  ),
  slic: lines(tex`\mathcal{L} &= \max(0,\ \delta - \ell_w + \ell_l) - \lambda\, \ell_w`, SUM),
  simper: lines(tex`\mathcal{L} &= -e^{\bar\ell_w} + e^{\bar\ell_l}`, MEAN),
  kto: lines(BY_LABEL(tex`\sigma(-\beta\,(\rho - z))`, tex`\sigma(-\beta\,(z - \rho))`), SINGLE_RHO, where(tex`z = \texttt{kl}`, WEIGHTS)),
  apoZeroUnpaired: lines(BY_LABEL(tex`\sigma(-r)`, tex`\sigma(r)`), tex`r &= \beta \log\frac{\pi_\theta(y \mid x)}{\pi_{\mathrm{ref}}(y \mid x)}`, where(WEIGHTS)), // prettier-ignore
  bco: lines(
    BY_LABEL(tex`\big(-\log \sigma(r - \delta)\big)`, tex`\big(-\log \sigma(-(r - \delta))\big)`),
    tex`r &= \beta \log\frac{\pi_\theta(y \mid x)}{\pi_{\mathrm{ref}}(y \mid x)}`,
    where(WEIGHTS),
  ),
  npo: lines(tex`\mathcal{L} &= -\frac{2}{\beta} \log \sigma(-\beta \rho)`, SINGLE_RHO),
  anchor: lines(tex`\mathcal{L} &= -\log \sigma(\beta \rho - \delta)`, SINGLE_RHO),
  regression: lines(
    tex`\mathcal{L} &= \begin{cases} (t - \beta \rho)^2 & \text{squared} \\[2pt] |t - \beta \rho| & \text{absolute} \end{cases}`,
    SINGLE_RHO,
    where(tex`t = \texttt{target}`, BY_ERROR),
  ),
  qrpo: lines(
    tex`\mathcal{L} &= \begin{cases} (R - \beta \log Z - \beta \rho)^2 & \text{squared} \\[2pt] |R - \beta \log Z - \beta \rho| & \text{absolute} \end{cases}`,
    tex`R,\ Z &= \begin{cases} q,\ \beta\,(e^{1 / \beta} - 1) & \text{identity} \\[2pt] q,\ \beta\, e^{1 / \beta} & \text{identity, } \texttt{partition} \text{ simplified} \\[2pt] \log q,\ \frac{\beta}{1 + \beta} & \text{log} \\[2pt] \Phi^{-1}(q),\ e^{1 / (2 \beta^2)} & \text{normal} \end{cases}`,
    SINGLE_RHO,
    where(tex`q = \texttt{quantile}`, BY_ERROR, tex`R \text{ by } \texttt{transform}`),
  ),
  simNpo: lines(
    tex`\mathcal{L} &= -\frac{2}{\beta} \log \sigma(-\beta\, \bar\ell - \gamma)`,
    tex`\bar\ell &= \frac{1}{|y|} \log \pi_\theta(y \mid x)`,
  ),
  plackettLuce: lines(tex`\mathcal{L} &= -\sum_{k=1}^{K} \log\frac{e^{r_k}}{\sum_{j=k}^{K} e^{r_j}}`, REWARDS),
  softmaxDpo: lines(tex`\mathcal{L} &= \log\left(1 + \sum_{j=2}^{K} e^{r_j - r_1}\right)`, REWARDS),
  exo: lines(tex`\mathcal{L} &= \sum_{k=1}^{K} q_k \log\frac{q_k}{p_k}`, Q_AND_P, REWARDS, where(OF_REWARDS)),
  infoNca: lines(tex`\mathcal{L} &= -\sum_{k=1}^{K} p_k \log q_k`, Q_AND_P, REWARDS, where(OF_REWARDS)),
  nca: lines(
    tex`\mathcal{L} &= -\sum_{k=1}^{K} \left(p_k \log \sigma(r_k) + \frac{1}{K} \log \sigma(-r_k)\right)`,
    P,
    REWARDS,
    where(OF_REWARDS),
  ),
  lipo: lines(
    tex`\mathcal{L} &= \sum_{R_i > R_j} \operatorname{sg}(w_{ij}) \log\left(1 + e^{r_j - r_i}\right)`,
    tex`w_{ij} &= \left|2^{R_i} - 2^{R_j}\right| \cdot \left|\frac{1}{\ln(1 + \operatorname{rank}_i)} - \frac{1}{\ln(1 + \operatorname{rank}_j)}\right|`,
    REWARDS,
    where(OF_REWARDS, tex`\operatorname{rank} \text{ by } r`, tex`\operatorname{sg} \text{ without a gradient}`),
  ),
  pro: lines(
    tex`\mathcal{L} &= -\sum_{k=1}^{K-1} \log\frac{e^{\bar\ell_k T_{kk}}}{e^{\bar\ell_k T_{kk}} + \sum_{i>k} e^{\bar\ell_i T_{ki}}}`,
    tex`T_{ki} &= R_k - R_i \quad (i > k), \qquad T_{kk} = \max_{i>k} T_{ki}`,
    MEANS,
    where(OF_REWARDS),
  ),
  rrhf: lines(tex`\mathcal{L} &= \sum_{R_i > R_j} \max(0,\ \bar\ell_j - \bar\ell_i)`, MEANS, where(OF_REWARDS)),
  bradleyTerry: lines(
    tex`\mathcal{L} &= -s \log \sigma(r_w - r_l - m) + c\,(r_w + r_l)^2`,
    where(tex`r_w,\ r_l \text{ the rewards of the pair}`, tex`s = \texttt{scale}`, tex`m = \texttt{margin}`, tex`c = \texttt{centering}`),
  ),
};
